# Rates, their ratios, differences and standardisation, and proportions: by epitools and base R where these are exact,
# else straight from the definition, tests inverted by uniroot. Writes rates_*.csv beside this file with all digits.

suppressMessages(library(epitools))

exact <- function(x) trimws(formatC(x, digits = 17, format = "g"))

save_as <- function(frame, name) {
  frame[] <- lapply(frame, function(column) if (is.numeric(column)) exact(column) else column)
  write.csv(frame, paste0("rates_", name, ".csv"), row.names = FALSE, quote = FALSE)
}

root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-15, maxiter = 10000)$root

rows <- function(grid, f) cbind(grid, do.call(rbind, lapply(seq_len(nrow(grid)), function(i) f(grid[i, ]))))

# Limits of one Poisson mean. epitools is no referee here: pois.exact stops uniroot at four digits (as rateratio.midp
# does), and pois.byar is another approximation than Byar's in Breslow and Day 1987, page 69, which is written out.
poisson_mean <- function(case) {
  x <- case$events
  tail <- (1 - case$level) / 2
  z <- qnorm(1 - tail)
  garwood <- poisson.test(x, conf.level = case$level)$conf.int
  low <- if (x == 0) 0 else x * (1 - 1 / (9 * x) - z / (3 * sqrt(x)))^3
  high <- (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * sqrt(x + 1)))^3
  middle <- function(m) ppois(x, m) - dpois(x, m) / 2
  top <- root(function(m) middle(m) - tail, 0, 10 * x + 50)
  bottom <- if (x == 0) 0 else root(function(m) 1 - middle(m) - tail, 0, x + 1)
  data.frame(exact_low = garwood[1], exact_high = garwood[2], byar_low = max(low, 0), byar_high = high,
             midp_low = bottom, midp_high = top)
}
counts <- expand.grid(events = c(0, 1, 2, 4, 10, 33, 100, 788), level = c(0.8, 0.95, 0.99))
save_as(rows(counts, poisson_mean), "limits")

# Ratios and differences of two rates.
pairs <- data.frame(events = c(11, 0, 5, 1, 3, 60, 41, 250, 3, 400, 2, 7), exposure = c(800, 10, 12.5, 3, 3, 51477.5, 28010, 1e5, 0.04, 1e9, 17, 250),
                    events_reference = c(3, 4, 0, 1, 3, 30, 15, 260, 88, 350, 9, 1), exposure_reference = c(1011, 10, 8, 700, 3, 54308.7, 19017, 5e4, 1.7, 2e9, 17, 1))
pairs <- merge(pairs, data.frame(level = c(0.8, 0.95, 0.99)))

# The score statistic of a ratio: under it the rate of the reference is most likely n / (theta E + E0).
ratio_score <- function(theta, c) {
  rate <- (c$events + c$events_reference) / (theta * c$exposure + c$exposure_reference)
  gap <- c$events / c$exposure - theta * c$events_reference / c$exposure_reference
  gap / sqrt(theta * rate / c$exposure + theta^2 * rate / c$exposure_reference)
}

two_rates <- function(c) {
  tail <- (1 - c$level) / 2
  z <- qnorm(1 - tail)
  a <- c$events
  b <- c$events_reference
  odds <- c$exposure / c$exposure_reference
  p <- odds / (1 + odds)
  n <- a + b
  cond <- poisson.test(c(a, b), c(c$exposure, c$exposure_reference), conf.level = c$level)$conf.int
  share <- function(t) plogis(t + log(odds))
  above <- function(t, own) pbinom(a - 1, n, share(t), lower.tail = FALSE) - own * dbinom(a, n, share(t))
  below <- function(t, own) pbinom(a, n, share(t)) - own * dbinom(a, n, share(t))
  span <- 60
  log_low <- if (a == 0) -Inf else root(function(t) above(t, 0.5) - tail, -span, span)
  log_high <- if (b == 0) Inf else root(function(t) below(t, 0.5) - tail, -span, span)
  score <- function(t) ratio_score(exp(t), c)
  score_low <- if (a == 0) -Inf else root(function(t) score(t) - z, -span, if (b == 0) span else log(a / b / odds))
  score_high <- if (b == 0) Inf else root(function(t) score(t) + z, if (a == 0) -span else log(a / b / odds), span)
  wald <- if (a * b == 0) c(NA, NA) else
    rateratio.wald(matrix(c(b, a, c$exposure_reference, c$exposure), 2), conf.level = c$level)$measure[2, 2:3]
  d_wald <- a / c$exposure - b / c$exposure_reference + c(-1, 1) * z * sqrt(a / c$exposure^2 + b / c$exposure_reference^2)
  d_score <- difference_limits(c, z)
  data.frame(exact_low = cond[1], exact_high = cond[2], exact_p = min(1, 2 * min(above(0, 0), below(0, 0))),
             midp_low = exp(log_low), midp_high = exp(log_high), midp_p = min(1, 2 * min(above(0, 0.5), below(0, 0.5))),
             score_low = exp(score_low), score_high = exp(score_high), score_p = 2 * pnorm(-abs(score(0))),
             wald_low = wald[1], wald_high = wald[2],
             wald_p = if (a * b == 0) NA else 2 * pnorm(-abs(log(a / b / odds)) / sqrt(1 / a + 1 / b)),
             difference_score_low = d_score[1], difference_score_high = d_score[2],
             difference_wald_low = d_wald[1], difference_wald_high = d_wald[2],
             difference_wald_p = 2 * pnorm(-abs(mean(d_wald)) / sqrt(a / c$exposure^2 + b / c$exposure_reference^2)))
}

# The likeliest reference rate under a difference, as the root of the derivative of the log likelihood rather than of
# the quadratic that this comes to; at the edge where the likelihood falls from there on. Exposures are rescaled, so
# that rates are near one.
likeliest <- function(d, c) {
  edge <- max(0, -d)
  slope <- function(l) {
    (if (c$events > 0) c$events / (l + d) else 0) + (if (c$events_reference > 0) c$events_reference / l else 0) -
      c$exposure - c$exposure_reference
  }
  top <- edge + (c$events + c$events_reference) / (c$exposure + c$exposure_reference) + 1
  if (slope(edge + 1e-14 * top) <= 0) edge else root(slope, edge + 1e-14 * top, top)
}

difference_score <- function(d, c) {
  l <- likeliest(d, c)
  (c$events / c$exposure - c$events_reference / c$exposure_reference - d) /
    sqrt(max(l + d, 0) / c$exposure + l / c$exposure_reference)
}

difference_limits <- function(c, z) {
  unit <- (c$exposure + c$exposure_reference) / (c$events + c$events_reference)
  c$exposure <- c$exposure / unit
  c$exposure_reference <- c$exposure_reference / unit
  centre <- c$events / c$exposure - c$events_reference / c$exposure_reference
  far <- 20 * sqrt(c$events / c$exposure^2 + c$events_reference / c$exposure_reference^2) + 100 / c$exposure + 100 / c$exposure_reference
  low <- root(function(d) difference_score(d, c) - z, centre - far, centre - 1e-9 * far)
  high <- root(function(d) difference_score(d, c) + z, centre + 1e-9 * far, centre + far)
  c(low, high) / unit
}
save_as(rows(pairs, two_rates), "compared")

# Proportions.
one_share <- function(c) {
  x <- c$events
  n <- c$trials
  tail <- (1 - c$level) / 2
  clopper <- binom.test(x, n, conf.level = c$level)$conf.int
  wilson <- suppressWarnings(prop.test(x, n, correct = FALSE, conf.level = c$level)$conf.int)
  jeffreys <- qbeta(c(tail, 1 - tail), x + 0.5, n - x + 0.5)
  low <- if (x == 0) 0 else root(function(p) pbinom(x - 1, n, p, lower.tail = FALSE) - dbinom(x, n, p) / 2 - tail, 0, 1)
  high <- if (x == n) 1 else root(function(p) pbinom(x, n, p) - dbinom(x, n, p) / 2 - tail, 0, 1)
  data.frame(clopper_pearson_low = clopper[1], clopper_pearson_high = clopper[2], wilson_low = wilson[1],
             wilson_high = wilson[2], jeffreys_low = if (x == 0) 0 else jeffreys[1],
             jeffreys_high = if (x == n) 1 else jeffreys[2], midp_low = low, midp_high = high)
}
shares <- data.frame(events = c(0, 1, 5, 10, 9, 15, 148, 1, 0, 1, 81, 2000), trials = c(10, 10, 10, 10, 10, 148, 148, 1, 1, 29, 263, 1e6))
save_as(rows(merge(shares, data.frame(level = c(0.8, 0.95, 0.99))), one_share), "proportions")

# Standardisation. Down's syndrome by birth order, standardised for the mother's age (Fleiss 1981, page 249, as shipped
# in the help of epitools): table 1 of Fay and Feuer 1997.
population <- matrix(c(230061, 329449, 114920, 39487, 14208, 3052, 72202, 326701, 208667, 83228, 28466, 5375, 15050,
  175702, 207081, 117300, 45026, 8660, 2293, 68800, 132424, 98301, 46075, 9834, 327, 30666, 123419, 149919, 104088,
  34392), 6)
cases <- matrix(c(107, 141, 60, 40, 39, 25, 25, 150, 110, 84, 82, 39, 3, 71, 114, 103, 108, 75, 1, 26, 64, 89, 137, 96,
  0, 8, 63, 112, 262, 295), 6)
save_as(data.frame(order = rep(1:5, each = 6), age = rep(1:6, 5), cases = c(cases), births = c(population)), "downs_cells")
standard <- rowMeans(population)
direct <- do.call(rbind, lapply(1:5, function(j) {
  do.call(rbind, lapply(c(0.9, 0.95), function(level) {
    found <- ageadjust.direct(cases[, j], population[, j], stdpop = standard, conf.level = level)
    w <- standard / sum(standard) / population[, j]
    y <- sum(w * cases[, j])
    v <- sum(w^2 * cases[, j])
    # Tiwari, Clegg and Zou 2006, as wspoissonTest(wmtype = "tcz") of the R package asht reads.
    top <- y + mean(w)
    spread <- v + mean(w^2)
    data.frame(order = j, level = level, crude = found[["crude.rate"]], rate = found[["adj.rate"]], low = found[["lci"]],
               high = found[["uci"]], tiwari_high = qgamma(0.5 + level / 2, top^2 / spread, scale = spread / top))
  }))
}))
save_as(direct, "direct")

indirect <- do.call(rbind, lapply(1:5, function(j) {
  found <- ageadjust.indirect(cases[, j], population[, j], rowSums(cases), rowSums(population))$sir
  limits <- poisson.test(found[["observed"]], found[["exp"]])$conf.int
  used <- cases[, j]
  expected <- population[, j] * rowSums(cases) / rowSums(population)
  unlike <- suppressWarnings(chisq.test(used, p = expected / sum(expected)))
  data.frame(order = j, observed = found[["observed"]], expected = found[["exp"]], ratio = found[["sir"]],
             low = limits[1], high = limits[2], chi_square = unlike$statistic)
}))
save_as(indirect, "indirect")

# How unlike rows are: births of all ages by order against one rate, and as a table of cases against the rest.
sums <- colSums(cases)
births <- colSums(population)
save_as(data.frame(rates = chisq.test(sums, p = births / sum(births))$statistic,
                   proportions = chisq.test(rbind(sums, births - sums), correct = FALSE)$statistic), "unlike")
