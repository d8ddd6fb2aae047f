# Charts by surveillance 1.20.3: heights of Poisson, negative-binomial and binomial CUSUMs with changing expected counts
# (glrpois, glrnb with a known change, categoricalCUSUM), run lengths (arlCusum), the chance of a signal by each period
# (LRCUSUM.runlength), and outbreaks against past years (farringtonFlexible). Simulated here. Writes monitor_*.csv.

suppressMessages(library(surveillance))

exact <- function(x) trimws(formatC(x, digits = 17, format = "g"))

save_as <- function(frame, name) {
  frame[] <- lapply(frame, function(column) if (is.numeric(column)) exact(column) else column)
  write.csv(frame, paste0("monitor_", name, ".csv"), row.names = FALSE, quote = FALSE)
}

# Series: three facilities, weekly, a season, a trend, populations that change, two outbreaks.
set.seed(12)
weeks <- 450
t <- seq_len(weeks)
series <- do.call(rbind, lapply(1:3, function(facility) {
  population <- round(1000 * facility * (1 + 0.3 * sin(t / 40 + facility)))
  mean <- c(2, 6, 25)[facility] * exp(c(0, 0.001, -0.0008)[facility] * t) * (1 + 0.4 * sin(2 * pi * t / 52))
  mean <- mean * population / mean(population)
  count <- if (facility == 3) rnbinom(weeks, mu = mean, size = 12) else rpois(weeks, mean)
  burst <- c(250:252, 400 + facility)
  count[burst] <- count[burst] + rpois(4, 3 * mean[burst])
  data.frame(facility, week = t, count, population, expected = round(mean, 4))
}))
save_as(series, "series")

# Run lengths of CUSUMs in counts.
runs <- expand.grid(k = c(2.5, 3), h = c(4, 8), mean = c(1.8, 2, 2.6, 4))
runs$arl <- apply(runs, 1, function(row) arlCusum(h = row[["h"]], k = row[["k"]], theta = row[["mean"]], distr = "poisson")$ARL)
save_as(runs, "runs")

# Heights of likelihood-ratio CUSUMs, never set back: the threshold is out of reach.
heights <- do.call(rbind, lapply(1:3, function(facility) {
  own <- series[series$facility == facility, ]
  data <- suppressWarnings(create.disProg(week = own$week, observed = own$count, state = 0 * own$count, freq = 52, start = c(2001, 1)))
  ask <- list(range = 1:60, mu0 = own$expected[1:60], theta = log(2), c.ARL = 1e9, ret = "value", change = "intercept")
  poisson <- suppressWarnings(algo.glrpois(data, control = ask))
  nb <- algo.glrnb(data, control = c(ask, alpha = 0.15))
  data.frame(facility, week = 1:60, poisson = as.numeric(poisson$upperbound), nb = as.numeric(nb$upperbound))
}))
save_as(heights, "heights")

# Binomial: 25 animals looked at in each of 80 periods, shares that change, odds twice as high.
share <- 0.08 + 0.04 * sin(seq_len(80) / 9)
share[1:80] <- round(share, 5)
affected <- rbinom(80, 25, share * ifelse(seq_len(80) > 50, 1.8, 1))
odds <- 2 * share / (1 - share)
up <- odds / (1 + odds)
animals <- sts(observed = cbind(affected, 25 - affected), population = cbind(rep(25, 80), rep(25, 80)),
               multinomialTS = TRUE)
chart <- categoricalCUSUM(animals, control = list(range = 1:80, h = 1e9, pi0 = rbind(share, 1 - share),
  pi1 = rbind(up, 1 - up), dfun = function(y, size, mu, log) dbinom(y[1, ], size = size, prob = mu[1, ], log = log),
  ret = "value"))
capture.output(chance <- LRCUSUM.runlength(mu = t(share), mu0 = t(share), mu1 = t(up), h = 3,
  dfun = function(y, size, mu, log = FALSE) dbinom(as.numeric(y), size = size, prob = mu, log = log), n = rep(25, 80), g = 40))
save_as(data.frame(period = 1:80, share, affected, height = chart@upperbound[, 1], signalled = chance$cdf), "binomial")

# Outbreaks. Odd prediction errors after reweighting: see the page on monitoring.
asked <- list(
  plain = list(reweight = FALSE, pThresholdTrend = 0.05, thresholdMethod = "delta"),
  seasons = list(reweight = TRUE, noPeriods = 10, pastWeeksNotIncluded = 26, pThresholdTrend = 1,
                 thresholdMethod = "nbPlugin"),
  exposure = list(reweight = TRUE, noPeriods = 4, pastWeeksNotIncluded = 10, pThresholdTrend = 1,
                  thresholdMethod = "nbPlugin", populationOffset = TRUE),
  three_years = list(b = 3, reweight = FALSE, noPeriods = 10, pastWeeksNotIncluded = 26, pThresholdTrend = 1,
                     thresholdMethod = "delta", populationOffset = TRUE),
  level = list(trend = FALSE, reweight = TRUE, noPeriods = 10, pastWeeksNotIncluded = 26, thresholdMethod = "nbPlugin"),
  reweighted_error = list(reweight = TRUE, pThresholdTrend = 1, thresholdMethod = "delta")
)
found <- do.call(rbind, lapply(names(asked), function(name) do.call(rbind, lapply(1:3, function(facility) {
  own <- series[series$facility == facility, ]
  data <- sts(observed = matrix(own$count), population = matrix(as.numeric(own$population)), frequency = 52)
  range <- 385:450
  control <- modifyList(list(range = range, alpha = 0.01, glmWarnings = FALSE, limit54 = c(0, 4)), asked[[name]])
  fit <- farringtonFlexible(data, control = control)
  value <- function(what) fit@control[[what]][, 1]
  data.frame(setting = name, facility, week = range, expected = value("expected"), phi = value("phiVector"),
             trend = value("trendVector"), p = value("pvalue"), upper = fit@upperbound[, 1])
}))))
save_as(found, "farrington")
