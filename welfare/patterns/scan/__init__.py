"""Where harm gathers: the window in space, in time or in both that holds more cases than chance would put into any."""
