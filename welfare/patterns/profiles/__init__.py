"""Facilities against their peers: which counts lie further from expectation than ordinary differences take them."""
