# Random-intercept models of counts: by lme4, refined to the last digits, and straight from the definitions of
# Laplace's approximation and of the integral. Writes mixed.csv, and the simulated data as mixed_*.csv.

suppressMessages(library(lme4))
RNGversion("4.2.0")

exact <- function(x) trimws(formatC(x, digits = 17, format = "g"))

write_data <- function(data, name) {
  data[] <- lapply(data, exact)
  write.csv(data, paste0("mixed_", name, ".csv"), row.names = FALSE, quote = FALSE)
}

# Fourth-order differences; the steps are for parameters whose standard errors are about `size`.
slope <- function(f, at, size) {
  sapply(seq_along(at), function(j) {
    move <- replace(numeric(length(at)), j, 1)
    h <- 0.02 * size[j]
    (8 * (f(at + h * move) - f(at - h * move)) - f(at + 2 * h * move) + f(at - 2 * h * move)) / (12 * h)
  })
}

bend <- function(f, at, size) {
  p <- length(at)
  second <- function(h) {
    out <- matrix(0, p, p)
    for (j in 1:p) for (k in 1:j) {
      a <- replace(numeric(p), j, h * size[j])
      b <- replace(numeric(p), k, h * size[k])
      four <- f(at + a + b) - f(at + a - b) - f(at - a + b) + f(at - a - b)
      out[j, k] <- out[k, j] <- four / (4 * h^2 * size[j] * size[k])
    }
    out
  }
  # Richardson: the errors of order h^2 and h^4 cancel.
  r <- lapply(c(0.08, 0.04, 0.02), second)
  s <- list((4 * r[[2]] - r[[1]]) / 3, (4 * r[[3]] - r[[2]]) / 3)
  (16 * s[[2]] - s[[1]]) / 15
}

refine <- function(f, at, size) {
  for (round in 1:6) {
    step <- -solve(bend(f, at, size), slope(f, at, size))
    at <- at + step
    if (max(abs(step) / size) < 1e-8) break
  }
  list(par = at, cov = solve(bend(f, at, size)), value = f(at))
}

collected <- list()
keep <- function(by, model, nodes, fixed, sd, cov, loglik, theta = NA, log_theta_error = NA, modes = numeric()) {
  k <- length(fixed)
  cov_names <- paste0("cov_", rep(1:k, k), "_", rep(1:k, each = k))
  value <- c(fixed, sd, sqrt(cov[nrow(cov), nrow(cov)]) / sd, cov[1:k, 1:k], loglik, theta, log_theta_error, modes)
  what <- c(paste0("fixed_", 1:k), "sd", "log_sd_error", cov_names, "loglik", "theta", "log_theta_error",
            if (length(modes)) paste0("mode_", seq_along(modes)))
  rows <- data.frame(by = by, model = model, nodes = nodes, what = what, value = exact(value))
  collected[[length(collected) + 1]] <<- rows[is.finite(value), ]
}

# `saturated`: lme4's deviance by quadrature leaves out the log likelihood of means equal to the outcomes.
by_lme4 <- function(model, formula, data, family, nodes, saturated) {
  tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), tolPwrss = 1e-13,
                        check.conv.grad = "ignore", calc.derivs = FALSE)
  fit <- glmer(formula, data, family, nAGQ = nodes, control = tight)
  deviance <- glmer(formula, data, family, nAGQ = nodes, control = tight, devFunOnly = TRUE)
  k <- length(fixef(fit))
  half <- function(p) deviance(c(p[k + 1], p[1:k])) / 2
  # `vcov` from expected information is close enough to set the steps.
  size <- c(sqrt(diag(as.matrix(vcov(fit, use.hessian = FALSE)))), 0.1 * getME(fit, "theta"))
  best <- refine(half, c(fixef(fit), getME(fit, "theta")), size)
  loglik <- -best$value + if (nodes > 1) saturated else 0
  modes <- if (nodes == 1) ranef(fit)[[1]][, 1] else numeric()
  keep("lme4", model, nodes, best$par[1:k], best$par[k + 1], best$cov, loglik, modes = modes)
  list(fit = fit, par = best$par, size = size)
}

# lme4's Laplace approximation takes the curvature one step before the mode, which leaves errors of 1e-6; so the same
# again with every mode found to rounding. Canonical links: the score of a row is y - mean, its information the variance.
by_definition <- function(model, family, found) {
  fit <- found$fit
  X <- getME(fit, "X")
  group <- as.integer(getME(fit, "flist")[[1]])
  trials <- weights(fit)
  y <- getME(fit, "y") * trials
  offset <- getME(fit, "offset")
  k <- ncol(X)
  log_density <- if (family$family == "poisson") function(eta) dpois(y, exp(eta), log = TRUE)
                 else function(eta) dbinom(y, trials, plogis(eta), log = TRUE)
  laplace <- function(p) {
    fixed <- offset + drop(X %*% p[1:k])
    sd <- p[k + 1]
    u <- numeric(max(group))
    for (round in 1:60) {
      mean <- trials * family$linkinv(fixed + sd * u[group])
      spread <- if (family$family == "poisson") mean else mean * (1 - mean / trials)
      bend <- 1 + sd^2 * rowsum(spread, group)[, 1]
      step <- (sd * rowsum(y - mean, group)[, 1] - u) / bend
      if (max(abs(step)) < 1e-14) break
      u <- u + pmax(-1, pmin(1, step))
    }
    -sum(log_density(fixed + sd * u[group])) + sum(u^2) / 2 + sum(log(bend)) / 2
  }
  best <- refine(laplace, found$par, found$size)
  keep("definition", model, 1, best$par[1:k], best$par[k + 1], best$cov, -best$value)
}

both <- function(model, formula, data, family, saturated) {
  by_definition(model, family(), by_lme4(model, formula, data, family, 1, saturated))
  invisible(by_lme4(model, formula, data, family, 25, saturated))
}

# Counts with an exposure from 0.2 to 20, thirty groups of unequal size.
set.seed(11)
group <- sort(sample(rep(1:30, times = rep(c(3, 8, 13), 10))))
n <- length(group)
offset_data <- data.frame(group, x = round(rnorm(n), 3), z = round(runif(n), 3),
                          log_exposure = round(log(runif(n, 0.2, 20)), 4))
offset_data$y <- with(offset_data, rpois(n, exp(log_exposure - 1 + 0.4 * x - 0.7 * z + rnorm(30, 0, 0.6)[group])))
write_data(offset_data, "offset")
both("offset", y ~ x + z + offset(log_exposure) + (1 | group), offset_data, poisson,
     sum(dpois(offset_data$y, offset_data$y, log = TRUE)))

# A standard deviation that is nearly 0 but not quite, and data that vary less than chance between groups.
set.seed(5)
group <- rep(1:40, each = 8)
x <- round(rnorm(320), 3)
for (planted in c(0.06, 0)) {
  repeat {
    y <- rpois(320, exp(1.5 + 0.3 * x + rnorm(40, 0, planted)[group]))
    plain <- glm(y ~ x, poisson, epsilon = 1e-15)
    sums <- rowsum(cbind(y - fitted(plain), fitted(plain)), group)
    excess <- sum(sums[, 1]^2 - sums[, 2]) / sum(sums[, 2]^2)  # a first guess of the variance
    if (if (planted > 0) excess > 0.003 && excess < 0.004 else excess < 0) break
  }
  data <- data.frame(group, x, y)
  write_data(data, if (planted > 0) "small_sd" else "no_sd")
  if (planted > 0) both("small_sd", y ~ x + (1 | group), data, poisson, sum(dpois(y, y, log = TRUE)))
  else keep("glm", "no_sd", 1, coef(plain), 0, vcov(plain), logLik(plain))
}

# Yes or no, four to a group, and a wide spread: Laplace's approximation and the integral differ.
set.seed(3)
group <- rep(1:60, each = 4)
x <- round(rnorm(240), 3)
binary <- data.frame(group, x, y = rbinom(240, 1, plogis(-0.4 + 0.8 * x + rnorm(60, 0, 1.5)[group])))
write_data(binary, "binary")
both("binary", y ~ x + (1 | group), binary, binomial, 0)

# Negative binomial: lme4 finds theta apart from the rest, and only roughly; so the integral by the trapezoidal rule,
# which for smooth functions on the whole line is exact to rounding.
set.seed(8)
group <- rep(1:40, each = 9)
x <- round(rnorm(360), 3)
log_exposure <- round(log(runif(360, 1, 4)), 4)
wide <- data.frame(group, x, log_exposure,
                   y = rnbinom(360, size = 2.5, mu = exp(log_exposure + 0.5 - 0.5 * x + rnorm(40, 0, 0.5)[group])))
write_data(wide, "overdispersed")
integral <- function(p) {
  u <- seq(-9, 9, by = 0.05)
  eta <- outer(wide$log_exposure + p[1] + p[2] * wide$x, exp(p[4]) * u, "+")
  row <- dnbinom(wide$y, size = exp(p[3]), mu = exp(eta), log = TRUE)
  height <- sweep(rowsum(matrix(row, nrow(eta)), wide$group), 2, dnorm(u, log = TRUE), "+")
  top <- apply(height, 1, max)
  -sum(top + log(0.05 * rowSums(exp(height - top))))
}
start <- nlminb(c(0.5, -0.5, log(2.5), log(0.5)), integral, control = list(rel.tol = 1e-14))
best <- refine(integral, start$par, c(0.1, 0.05, 0.15, 0.15))
sd <- exp(best$par[4])
best$cov[4, ] <- best$cov[4, ] * sd
best$cov[, 4] <- best$cov[, 4] * sd
keep("definition", "overdispersed", 25, best$par[1:2], sd, best$cov, -best$value, exp(best$par[3]), sqrt(best$cov[3, 3]))

# Third-party data, read in place.
reference <- "../../../../shared/data/reference"
if (dir.exists(reference)) {
  epil <- read.csv(file.path(reference, "epil.csv"))
  epil <- transform(epil, lb = log(base / 4), la = log(age))
  both("epil", y ~ lb + trt + la + V4 + lb:trt + (1 | subject), epil, poisson,
       sum(dpois(epil$y, epil$y, log = TRUE)))
  cbpp <- read.csv(file.path(reference, "lme4_cbpp.csv"), colClasses = c(period = "character"))
  share <- cbpp$incidence / cbpp$size
  both("cbpp", cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, binomial,
       sum(dbinom(cbpp$incidence, cbpp$size, share, log = TRUE)))
} else {
  message("no third-party data at ", reference, ": the figures for them are left as they were")
  before <- read.csv("mixed.csv", colClasses = "character")
  collected[[length(collected) + 1]] <- before[before$model %in% c("epil", "cbpp"), ]
}
write.csv(do.call(rbind, collected), "mixed.csv", row.names = FALSE, quote = FALSE)
