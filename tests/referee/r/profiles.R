# Profiles of facilities: Spiegelhalter's phi and tau2 written out from his papers, fits by MASS::glm.nb and
# VGAM::betabinomial, tails and limits by R's own distributions, and the likelihood of two linked periods by nested
# sums over scores. Data are made up here. Writes profiles_*.csv beside this file with all digits.

suppressMessages({
  library(MASS)
  library(VGAM)
})

exact <- function(x) trimws(formatC(x, digits = 17, format = "g"))

save_as <- function(frame, name) {
  frame[] <- lapply(frame, function(column) if (is.numeric(column)) exact(column) else column)
  write.csv(frame, paste0("profiles_", name, ".csv"), row.names = FALSE, quote = FALSE)
}

# Counts of 90 plants, four of them planted high, and of 80 plants of whose items some do not comply.
set.seed(7)
n <- 90
expected <- round(rgamma(n, 1.5, 0.2) + 0.3, 3)
ratio <- rgamma(n, 4, 4)
ratio[1:4] <- 4
counts <- data.frame(facility = sprintf("p%03d", seq_len(n)), observed = rpois(n, ratio * expected), expected = expected)
m <- 80
trials <- sample(3:250, m, replace = TRUE)
share <- rbeta(m, 3, 27)
share[1:3] <- 0.5
shares <- data.frame(facility = sprintf("s%03d", seq_len(m)), observed = rbinom(m, trials, share), trials = trials)

winsorised <- function(z, share) pmin(pmax(z, quantile(z, share)), quantile(z, 1 - share))
phi_of <- function(z) mean(winsorised(z, 0.1)^2)
tau2_of <- function(phi, w) max(0, (length(w) * phi - (length(w) - 1)) / (sum(w) - sum(w^2) / sum(w)))

figures <- c()

# Counts: deviations, spread, the variance under which the phi seen is the phi to expect, tails, q-values.
o <- counts$observed
e <- counts$expected
counts$z <- 2 * (sqrt(o) - sqrt(e))
figures["phi"] <- phi_of(counts$z)
figures["tau2"] <- tau2_of(figures[["phi"]], 4 * e)
counts$z_adjusted <- counts$z / sqrt(1 + 4 * e * figures[["tau2"]])
counts$z_multiplied <- counts$z / sqrt(max(1, figures[["phi"]]))
middles <- (seq_len(100) - 0.5) / 100
sizes <- quantile(e, middles)
phi_under <- function(v, multiplied) {
  z <- sapply(sizes, function(s) {
    size <- if (multiplied) s / v else 1 / v
    2 * (sqrt(qnbinom(middles, size = size, mu = s)) - sqrt(s))
  })
  phi_of(as.vector(z))
}
solved <- function(multiplied) {
  uniroot(function(v) phi_under(v, multiplied) - figures[["phi"]], c(1e-6, 20), tol = 1e-8)$root
}
figures["variance"] <- solved(FALSE)
figures["multiple"] <- solved(TRUE)
two_sided <- function(below, above) pmin(1, 2 * pmin(below, above))
v <- figures[["variance"]]
counts$p_value <- two_sided(pnbinom(o, size = 1 / v, mu = e), pnbinom(o - 1, size = 1 / v, mu = e, lower.tail = FALSE))
size <- e / figures[["multiple"]]
counts$p_multiplied <- two_sided(pnbinom(o, size = size, mu = e), pnbinom(o - 1, size = size, mu = e, lower.tail = FALSE))
counts$q_value <- p.adjust(counts$p_value, "BH")

# Empirical Bayes.
fit <- glm.nb(observed ~ 1 + offset(log(expected)), counts, control = glm.control(epsilon = 1e-12, maxit = 500))
figures["theta"] <- fit$theta
figures["mean"] <- exp(coef(fit)[[1]])
shape <- o + fit$theta
rate <- e + fit$theta / figures[["mean"]]
counts$shrunken <- shape / rate
counts$shrunken_low <- qgamma(0.025, shape, rate)
counts$shrunken_high <- qgamma(0.975, shape, rate)
counts$above_half_more <- pgamma(1.5, shape, rate, lower.tail = FALSE)

# Shares: arcsine scale, VGAM's beta-binomial.
k <- shares$observed
t <- shares$trials
middle <- sum(k) / sum(t)
shares$z <- 2 * sqrt(t) * (asin(sqrt(k / t)) - asin(sqrt(middle)))
figures["share_phi"] <- phi_of(shares$z)
figures["share_tau2"] <- tau2_of(figures[["share_phi"]], 4 * t)
both <- vglm(cbind(observed, trials - observed) ~ 1, betabinomial(imethod = 1), shares, epsilon = 1e-12, maxit = 200)
figures["share_mean"] <- Coef(both)[["mu"]]
figures["share_rho"] <- Coef(both)[["rho"]]
a <- figures[["share_mean"]] * (1 / figures[["share_rho"]] - 1)
b <- (1 - figures[["share_mean"]]) * (1 / figures[["share_rho"]] - 1)
shares$shrunken <- (k + a) / (t + a + b) / middle
shares$shrunken_low <- qbeta(0.025, k + a, t - k + b) / middle
shares$shrunken_high <- qbeta(0.975, k + a, t - k + b) / middle
shares$above_half_more <- pbeta(1.5 * middle, k + a, t - k + b, lower.tail = FALSE)
# Tails at a correlation of 0.03, by VGAM.
terms <- lapply(t, function(w) dbetabinom(0:w, w, middle, 0.03))
shares$below <- mapply(function(p, x) sum(p[0:x + 1]), terms, k)
shares$above <- mapply(function(p, x) sum(p[x:(length(p) - 1) + 1]), terms, k)
shares$binomial_below <- pbinom(k, t, middle)
shares$binomial_above <- pbinom(k - 1, t, middle, lower.tail = FALSE)

# Limits: whole counts beyond which a tail is no more than 2.5% or 0.1%, for each kind of count.
limits <- do.call(rbind, lapply(c(0.95, 0.998), function(level) {
  tail <- (1 - level) / 2
  at <- c(0.5, 2, 7.3, 40, 300)
  whole <- c(10, 40, 150, 1000, 2500)
  below <- lapply(whole, function(w) cumsum(dbetabinom(0:w, w, 0.1, 0.05)))
  first <- function(cdf, most) { # smallest count whose upper tail is no more than the tail
    x <- 0:most
    c(max(c(-1, x[cdf(x) <= tail])), min(x[1 - cdf(x - 1) <= tail + 1e-15]))
  }
  kinds <- list(
    poisson = function(i) first(function(x) ppois(x, at[i]), 2000),
    negative_binomial = function(i) first(function(x) pnbinom(x, size = 4, mu = at[i]), 4000),
    binomial = function(i) first(function(x) pbinom(x, whole[i], 0.1), whole[i] + 1),
    beta_binomial = function(i) first(function(x) c(0, below[[i]])[pmin(x, whole[i]) + 2], whole[i] + 1)
  )
  do.call(rbind, lapply(names(kinds), function(kind) {
    ends <- sapply(seq_along(at), kinds[[kind]])
    size <- if (grepl("poisson|negative", kind)) at else whole
    data.frame(kind = kind, level = level, size = size, low = ends[1, ], high = ends[2, ])
  }))
}))

# Ratio of two ratios, given the events of both.
pairs <- data.frame(before = c(3, 0, 20, 7, 150), after = c(9, 4, 11, 0, 210), expected_before = c(4, 2.5, 15, 6, 170), expected_after = c(5, 2, 18, 7.5, 160))
pairs <- cbind(pairs, t(apply(pairs, 1, function(row) {
  found <- poisson.test(c(row[["after"]], row[["before"]]), c(row[["expected_after"]], row[["expected_before"]]))
  c(change = unname(found$estimate), low = found$conf.int[1], high = found$conf.int[2])
})))
chance <- pairs$expected_after / (pairs$expected_after + pairs$expected_before)
events <- pairs$after + pairs$before
pairs$p_value <- two_sided(pbinom(pairs$after, events, chance), pbinom(pairs$after - 1, events, chance, lower.tail = FALSE))

# Two periods whose ratios are gamma quantiles of correlated normal scores: log-likelihood by nested sums,
# the second score written as what it keeps of the first and a part of its own.
linked <- data.frame(o1 = c(0, 3, 12, 1, 30, 7), o2 = c(1, 0, 20, 2, 18, 6), e1 = c(2, 2.5, 8, 1.2, 21, 7), e2 = c(2.2, 3, 9, 1, 20, 6))
u <- seq(-8, 8, by = 0.04)
weight <- dnorm(u) * 0.04
one <- function(row, rho, shape) {
  second <- sapply(u, function(z1) {
    z2 <- rho * z1 + sqrt(1 - rho^2) * u
    sum(weight * dpois(row[["o2"]], row[["e2"]] * qgamma(pnorm(z2), shape, shape)))
  })
  sum(weight * dpois(row[["o1"]], row[["e1"]] * qgamma(pnorm(u), shape, shape)) * second)
}
chain <- expand.grid(rho = c(-0.4, 0, 0.5, 0.9), shape = c(0.7, 2, 6))
chain$log_likelihood <- apply(chain, 1, function(g) sum(log(apply(linked, 1, one, rho = g[["rho"]], shape = g[["shape"]]))))

save_as(counts, "counts")
save_as(shares, "shares")
save_as(data.frame(figure = names(figures), value = unname(figures)), "figures")
save_as(limits, "limits")
save_as(pairs, "pairs")
save_as(linked, "linked")
save_as(chain, "chain")
