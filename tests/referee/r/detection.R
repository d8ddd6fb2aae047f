# What inspection does not see: referee figures from R, on data simulated here.
#
# Rscript detection.R  (packages: VGAM, vegan, pscl, lme4; the occupancy and N-mixture likelihoods are written out below,
# since no Debian package fits them). Writes detection_*.csv beside it.
suppressPackageStartupMessages({library(VGAM); library(vegan); library(pscl); library(lme4)})
file <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
setwd(dirname(normalizePath(file)))
set.seed(20260707)
kept <- NULL
keep <- function(model, term, estimate, std_error = NA)
  kept <<- rbind(kept, data.frame(model, term, estimate = unname(estimate)[[1]], std_error = unname(std_error)[[1]]))
climb <- function(start, loss) {
  fit <- optim(start, loss, method = "BFGS", control = list(maxit = 2000, reltol = 1e-15))
  fit <- optim(fit$par, loss, method = "BFGS", control = list(maxit = 2000, reltol = 1e-15))
  list(par = fit$par, se = sqrt(diag(solve(optimHess(fit$par, loss, control = list(ndeps = rep(1e-4, length(start))))))),
       loglik = -fit$value)
}
keep_fit <- function(model, fit, terms) {
  for (i in seq_along(terms)) keep(model, terms[i], fit$par[i], fit$se[i])
  keep(model, "loglik", fit$loglik)
}

# Repeat visits ----------------------------------------------------------------------------------------------------
sites <- 120
times <- sample(1:6, sites, replace = TRUE)
site <- rep(seq_len(sites), times)
large <- round(rnorm(sites), 3); hours <- round(runif(length(site), 1, 6), 2)
there <- runif(sites) < plogis(-0.2 + 0.7 * large)
seen <- as.integer(there[site] & runif(length(site)) < plogis(-1.4 + 0.35 * hours))
number <- rpois(sites, exp(0.9 + 0.4 * large))
count <- rbinom(length(site), number[site], plogis(-1 + 0.2 * hours))
spread <- rnbinom(sites, size = 1.3, mu = 4); some <- rpois(sites, 5) * (runif(sites) < 0.6)
visits <- data.frame(facility_id = sprintf("p%03d", site), large = large[site], hours, seen, count,
                     spread = rbinom(length(site), spread[site], 0.5), some = rbinom(length(site), some[site], 0.6))
write.csv(visits, "detection_visits.csv", row.names = FALSE, quote = FALSE)

occupancy <- function(b, x, v) {
  psi <- drop(plogis(x %*% b[seq_len(ncol(x))])); p <- drop(plogis(v %*% b[-seq_len(ncol(x))]))
  by_site <- as.vector(tapply(ifelse(seen == 1, p, 1 - p), site, prod))
  -sum(log(psi * by_site + (1 - psi) * (as.vector(tapply(seen, site, sum)) == 0)))
}
one <- matrix(1, sites, 1); ones <- matrix(1, length(site), 1)
keep_fit("occupancy", climb(c(0, 0), function(b) occupancy(b, one, ones)), c("occurrence constant", "recording constant"))
keep_fit("occupancy terms", climb(rep(0, 4), function(b) occupancy(b, cbind(1, large), cbind(1, hours))),
         c("occurrence constant", "occurrence large", "recording constant", "recording hours"))
# The profile interval of psi, by root finding.
best <- climb(c(0, 0), function(b) occupancy(b, one, ones))$loglik
profile <- function(psi) -optimize(function(p) occupancy(c(qlogis(psi), p), one, ones), c(-8, 8), tol = 1e-10)$objective
cut <- function(psi) profile(psi) - best + qchisq(0.95, 1) / 2
middle <- plogis(climb(c(0, 0), function(b) occupancy(b, one, ones))$par[1])
keep("occupancy profile", "low", uniroot(cut, c(0.05, middle), tol = 1e-9)$root)
keep("occupancy profile", "high", uniroot(cut, c(middle, 0.9999), tol = 1e-9)$root)

mixture <- function(b, y, x, v, prior, K = 120) {
  mean <- exp(x %*% b[seq_len(ncol(x))]); p <- plogis(v %*% b[ncol(x) + seq_len(ncol(v))])
  others <- b[-seq_len(ncol(x) + ncol(v))]
  total <- 0
  for (i in seq_len(sites)) {
    rows <- which(site == i); n <- max(y[rows]):K
    found <- sapply(n, function(k) prod(dbinom(y[rows], k, p[rows])))
    total <- total + log(sum(prior(n, mean[i], others) * found))
  }
  -total
}
pois <- function(n, m, o) dpois(n, m)
nb <- function(n, m, o) dnbinom(n, size = exp(o), mu = m)
zip <- function(n, m, o) (1 - plogis(o)) * dpois(n, m) + plogis(o) * (n == 0)
keep_fit("n-mixture poisson",
         climb(c(1, 0, 0, 0), function(b) mixture(b, visits$count, cbind(1, large), cbind(1, hours), pois)),
         c("abundance constant", "abundance large", "recording constant", "recording hours"))
keep_fit("n-mixture negative_binomial", climb(c(1, 0, 0), function(b) mixture(b, visits$spread, one, ones, nb)),
         c("abundance constant", "recording constant", "family log theta"))
keep_fit("n-mixture zero_inflated", climb(c(1, 0, -1), function(b) mixture(b, visits$some, one, ones, zip)),
         c("abundance constant", "recording constant", "family logit of the share without any"))

# Never cited ------------------------------------------------------------------------------------------------------
units <- 500
large <- round(rnorm(units), 3)
citations <- rnbinom(units, size = 1.5, mu = exp(0.1 + 0.4 * large))
cited <- data.frame(facility_id = sprintf("c%03d", seq_len(units)), large, citations)[citations > 0, ]
write.csv(cited, "detection_cited.csv", row.names = FALSE, quote = FALSE)
chao <- estimateR(cited$citations)
keep("chao corrected", "total", chao[["S.chao1"]], chao[["se.chao1"]])
total <- function(name, fit, chance) {  # van der Heijden et al. 2003, equations 8 to 11, the slope by differences
  b <- coef(fit); f <- function(b) sum(1 / chance(b))
  g <- sapply(seq_along(b), function(i) { h <- replace(0 * b, i, 1e-5); (f(b + h) - f(b - h)) / 2e-5 })
  p <- chance(b)
  keep(name, "total", sum(1 / p), sqrt(drop(g %*% vcov(fit) %*% g) + sum((1 - p) / p^2)))
  keep(name, "loglik", logLik(fit))
}
fit <- vglm(citations ~ large, pospoisson(), data = cited, epsilon = 1e-12)
for (i in 1:2) keep("zero-truncated poisson", c("constant", "large")[i], coef(fit)[i], sqrt(diag(vcov(fit)))[i])
total("zero-truncated poisson", fit, function(b) 1 - exp(-exp(b[1] + b[2] * cited$large)))
# VGAM's errors of the negative binomial are of expected information: only estimates and likelihood are compared.
fit <- vglm(citations ~ large, posnegbinomial(zero = "size"), data = cited, epsilon = 1e-12, maxit = 500)
for (i in 1:3) keep("zero-truncated negative_binomial", c("constant", "log theta", "large")[i], coef(fit)[i])
b <- coef(fit); mu <- exp(b[1] + b[3] * cited$large); theta <- exp(b[2])
keep("zero-truncated negative_binomial", "total", sum(1 / (1 - (1 + mu / theta)^-theta)))
keep("zero-truncated negative_binomial", "loglik", logLik(fit))

five <- 5
marks <- matrix(runif(400 * five) < rbeta(400, 1, 4), 400)
write.csv(data.frame(facility_id = sprintf("v%03d", rep(1:400, each = five)), findings_count = as.integer(t(marks))),
          "detection_marks.csv", row.names = FALSE, quote = FALSE)
found <- marks[rowSums(marks) > 0, ]
# In specpool "species" are our facilities and "sites" our visits; with its correction factor (t - 1) / t.
pool <- specpool(t(found) * 1, smallsample = TRUE)
keep("chao visits", "total", pool$chao, pool$chao.se)
fit <- vglm(cbind(rowSums(found), five - rowSums(found)) ~ 1, posbinomial(omit.constant = FALSE), epsilon = 1e-12)
keep("zero-truncated binomial", "constant", coef(fit), sqrt(vcov(fit)))
total("zero-truncated binomial", fit, function(b) rep(1 - (1 - plogis(b))^five, nrow(found)))

# Excess zeros -----------------------------------------------------------------------------------------------------
rows <- 400
x <- round(rnorm(rows), 3); z <- round(rnorm(rows), 3); tasks <- sample(5:40, rows, replace = TRUE)
mean <- exp(-2 + 0.3 * x + log(tasks)); only <- runif(rows) < plogis(-1 + 0.8 * z)
zeros <- data.frame(x, z, tasks, plain = rpois(rows, mean) * !only, wide = rnbinom(rows, size = 1.7, mu = mean) * !only)
write.csv(zeros, "detection_zeros.csv", row.names = FALSE, quote = FALSE)
for (dist in c("poisson", "negbin")) {
  zeros$y <- if (dist == "poisson") zeros$plain else zeros$wide
  fit <- zeroinfl(y ~ x + offset(log(tasks)) | z, data = zeros, dist = dist,
                  control = zeroinfl.control(reltol = 1e-14, maxit = 10000))
  name <- paste("zero-inflated", dist); se <- sqrt(diag(vcov(fit)))
  for (i in 1:4) keep(name, c("counts constant", "counts x", "zeros constant", "zeros z")[i], coef(fit)[i], se[i])
  if (dist == "negbin") keep(name, "family log theta", log(fit$theta), fit$SE.logtheta)
  keep(name, "loglik", fit$loglik)
}
# van den Broek's statistic of the Poisson fit, from his formula (5).
fit <- glm(plain ~ x + offset(log(tasks)), poisson, zeros, control = glm.control(epsilon = 1e-14))
m <- fitted(fit); X <- model.matrix(fit); p0 <- exp(-m)
score <- sum(((zeros$plain == 0) - p0) / p0)
variance <- sum((1 - p0) / p0) - drop(t(m) %*% X %*% solve(t(X) %*% diag(m) %*% X) %*% t(X) %*% m)
keep("score test", "z", score / sqrt(variance))

# Groups -----------------------------------------------------------------------------------------------------------
who <- rep(1:30, each = 8); over <- sample(5:20, 240, replace = TRUE)
groups <- data.frame(who, over, found = rpois(240, 0.1 * over * exp(0.5 * rnorm(30))[who]))
write.csv(groups, "detection_groups.csv", row.names = FALSE, quote = FALSE)
fit <- glmer(found ~ 1 + offset(log(over)) + (1 | who), groups, poisson, nAGQ = 25,
             control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
ends <- suppressMessages(confint(fit, parm = "theta_", method = "profile", quiet = TRUE))
keep("groups", "sd", getME(fit, "theta")); keep("groups", "low", ends[1]); keep("groups", "high", ends[2])
plain <- glm(found ~ 1 + offset(log(over)), poisson, groups)

# Last digits ------------------------------------------------------------------------------------------------------
dead <- rnbinom(700, size = 2, mu = 45); round_ones <- runif(700) < 0.25
dead[round_ones] <- 5 * round(dead[round_ones] / 5)
write.csv(data.frame(findings_count = dead), "detection_dead.csv", row.names = FALSE, quote = FALSE)
range <- 10:139; often <- tabulate(match(dead, range), length(range))
fit <- glm(often ~ poly(log(range), 5), poisson)
for (digit in 0:9) keep("digits", as.character(digit), sum(fitted(fit)[range %% 10 == digit]))

kept$estimate <- format(kept$estimate, digits = 15, trim = TRUE); kept$std_error <- format(kept$std_error, digits = 15, trim = TRUE)
write.csv(kept, "detection.csv", row.names = FALSE, quote = FALSE)
# METHODS names this fit; its data belong to pscl and are not copied.
data(bioChemists)
fit <- zeroinfl(art ~ . | ., data = bioChemists, dist = "negbin")
cat("bioChemists: theta", fit$theta, "loglik", fit$loglik, "\n")
if (length(commandArgs(TRUE))) write.csv(bioChemists, commandArgs(TRUE)[1], row.names = FALSE)
