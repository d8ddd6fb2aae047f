# Splines, restricted and penalised, by R's splines and mgcv; written beside this file with all digits.
suppressPackageStartupMessages(library(mgcv))

digits <- function(frame) {
  as.data.frame(lapply(frame, function(column) if (is.numeric(column)) format(column, digits = 17, trim = TRUE) else column))
}
save_as <- function(frame, name) write.csv(digits(frame), paste0("splines_", name, ".csv"), row.names = FALSE, quote = FALSE)

# Restricted cubic splines, as the formula in Harrell (2015), section 2.4.5, reads.
set.seed(11)
x <- round(rgamma(150, 4, 0.1), 1)
y <- sin(x / 15) + rnorm(150) / 5
knots <- unname(quantile(x, c(0.05, 0.275, 0.5, 0.725, 0.95)))
term <- function(x, j, t) {
  k <- length(t)
  cube <- function(u) pmax(u, 0)^3
  (cube(x - t[j]) - cube(x - t[k - 1]) * (t[k] - t[j]) / (t[k] - t[k - 1]) +
     cube(x - t[k]) * (t[k - 1] - t[j]) / (t[k] - t[k - 1])) / (t[k] - t[1])^2
}
harrell <- sapply(1:3, function(j) term(x, j, knots))
# A natural spline with the same knots spans the same curves, so it fits the same values.
natural <- splines::ns(x, knots = knots[2:4], Boundary.knots = knots[c(1, 5)])
save_as(data.frame(x, y, term1 = harrell[, 1], term2 = harrell[, 2], term3 = harrell[, 3],
                   fitted = unname(fitted(lm(y ~ natural)))), "restricted")
save_as(data.frame(knot = knots), "restricted_knots")

# Cubic regression splines: the basis and penalty of s(bs = "cr") before mgcv rescales the penalty, and the fits.
tight <- gam.control(epsilon = 1e-12, newton = list(conv.tol = 1e-9, maxNstep = 5, maxSstep = 2, maxHalf = 30, use.svd = FALSE),
                     scale.est = "pearson")
models <- coefficients <- NULL
keep <- function(name, fit) {
  smooth <- fit$smooth[[1]]
  factor <- if (length(fit$sp)) unname(fit$sp) else smooth$sp
  models <<- rbind(models, data.frame(model = name, reml = as.numeric(fit$gcv.ubre), edf = sum(fit$edf), scale = fit$sig2,
                                      smoothing = factor / smooth$S.scale, deviance = deviance(fit)))
  coefficients <<- rbind(coefficients, data.frame(model = name, position = seq_along(coef(fit)), estimate = unname(coef(fit)),
                                                  se_bayesian = unname(sqrt(diag(fit$Vp))),
                                                  se_frequentist = unname(sqrt(diag(fit$Ve))),
                                                  se_sandwich = unname(sqrt(diag(vcov(fit, sandwich = TRUE)))),
                                                  edf = unname(fit$edf)))
}

mcycle <- MASS::mcycle
head <- gam(accel ~ s(times, bs = "cr", k = 20), data = mcycle, method = "REML", control = tight)
keep("mcycle", head)
around <- data.frame(times = c(-5, 2.4, 3, 14.6, 20.05, 41.7, 57.6, 70))
save_as(cbind(around, PredictMat(head$smooth[[1]], around)), "basis")
save_as(as.data.frame(head$smooth[[1]]$S[[1]] * head$smooth[[1]]$S.scale), "penalty")
save_as(data.frame(knot = unname(head$smooth[[1]]$xp)), "knots")
save_as(data.frame(fitted = unname(fitted(head))), "mcycle")  # the rows themselves stay in MASS

# Deaths on simulated farms: a rate that first falls and then rises with density, beside a second condition.
set.seed(20)
n <- 300
density <- round(runif(n, 15, 45), 1)
heat <- round(rnorm(n), 3)
at_risk <- round(exp(rnorm(n, 7, 1)))
weight <- sample(c(0.5, 1, 2), n, TRUE)
rate <- exp(-4.5 + 0.25 * heat + 0.4 * sin(density / 6) + density / 40)
farms <- data.frame(density, heat, at_risk, weight, deaths = rnbinom(n, mu = at_risk * rate, size = 4))
farms$even <- rpois(n, at_risk * exp(-4 + 0.02 * density))
farms$owner <- (seq_len(n) * 7) %% 25
save_as(farms, "farms")
curve <- function(formula, family, rows = farms) {
  gam(formula, data = rows, family = family, method = "REML", offset = log(at_risk), weights = weight, control = tight)
}
even <- transform(farms, weight = 1)
wiggly <- deaths ~ heat + s(density, bs = "cr", k = 12)
keep("poisson", curve(wiggly, poisson(), even))
keep("quasi_poisson", curve(wiggly, quasipoisson(), even))
keep("negative_binomial", curve(wiggly, negbin(3.5), even))
keep("weighted", curve(wiggly, negbin(3.5)))
keep("fixed", curve(deaths ~ heat + s(density, bs = "cr", k = 12, sp = 50), poisson(), even))
keep("straight", curve(even ~ s(density, bs = "cr", k = 12), poisson(), even))
owners <- deaths ~ factor(owner) + heat + s(density, bs = "cr", k = 12)
keep("owners_poisson", curve(owners, poisson(), even))
keep("owners_quasi_poisson", curve(owners, quasipoisson(), even))
keep("owners_negative_binomial", curve(owners, negbin(3.5)))
keep("owners_gaussian", curve(owners, gaussian()))
save_as(models, "models")
save_as(coefficients, "coefficients")
