# Count models: what stats, MASS, sandwich and clubSandwich give, for tests/stats/test_counts_referee.py.
# Run: cd tests/referee/r && Rscript --vanilla counts.R
suppressPackageStartupMessages({library(MASS); library(sandwich); library(clubSandwich)})

rows <- list()
keep <- function(study, what, term, estimate, std_error = NA, degrees = NA) {
  rows[[length(rows) + 1]] <<- data.frame(study, what, term, estimate, std_error, degrees)
}
keep_fit <- function(study, what, fit, covariance, degrees = NA) {
  terms <- intersect(names(coef(fit)), rownames(covariance))
  keep(study, what, terms, coef(fit)[terms], sqrt(diag(covariance))[terms], degrees)
}
tight <- glm.control(epsilon = 1e-14, maxit = 200)

# A made-up industry: 12 districts, 5 plants each, 6 years; counts vary more than Poisson, some plants are missing.
set.seed(7)
panel <- expand.grid(year = 2011:2016, plant = 1:60)
panel$district <- (panel$plant - 1) %/% 5 + 1
panel$speed <- round(runif(nrow(panel), 1, 3) + panel$district / 10, 3)
panel$dense <- rbinom(nrow(panel), 1, 0.4)
panel$animals <- round(exp(rnorm(nrow(panel), 7, 0.5)))
mean <- panel$animals * exp(-6 + 0.3 * panel$speed + 0.2 * panel$dense + rnorm(60, 0, 0.3)[panel$plant] +
                              rnorm(12, 0, 0.2)[panel$district] + 0.05 * (panel$year - 2011))
panel$deaths <- rnbinom(nrow(panel), mu = mean, size = 3)
panel$share <- round(plogis(-2 + 0.4 * panel$speed + rnorm(nrow(panel), 0, 0.5)), 4)
panel <- panel[sort(sample(nrow(panel), 330)), ]
write.csv(panel, "counts_panel.csv", row.names = FALSE, quote = FALSE)

# Bell and McCaffrey's degrees of freedom, written out: the working model's residuals are (I - H) z with z of variance 1
# after whitening; each cluster's are multiplied by the symmetric inverse root of its block of I - H.
bell_mccaffrey <- function(fit, cluster, coefs) {
  weights <- fit$family$variance(fitted(fit))  # log link: mu
  x <- sqrt(weights) * model.matrix(fit)
  bread <- solve(crossprod(x))
  left <- diag(nrow(x)) - x %*% bread %*% t(x)
  rows <- split(seq_len(nrow(x)), cluster)
  roots <- lapply(rows, function(at) {
    parts <- eigen(left[at, at], symmetric = TRUE)
    scale <- ifelse(parts$values > 1e-10, 1 / sqrt(pmax(parts$values, 1e-300)), 0)
    parts$vectors %*% (scale * t(parts$vectors))
  })
  sapply(coefs, function(at) {
    pulls <- sapply(names(rows), function(g) left[, rows[[g]]] %*% (roots[[g]] %*% (x[rows[[g]], ] %*% bread[, at])))
    products <- crossprod(pulls)
    sum(diag(products))^2 / sum(products^2)
  })
}

# CR2 itself, written out likewise. (sandwich::vcovCL type HC2 takes the root of a matrix that is not symmetric as if it
# were, and clubSandwich a root that is symmetric in another metric: three different numbers, of which this is Bell and
# McCaffrey's.)
second_order <- function(fit, cluster) {
  weights <- fitted(fit)
  x <- sqrt(weights) * model.matrix(fit)
  bread <- solve(crossprod(x))
  scores <- sapply(split(seq_len(nrow(x)), cluster), function(at) {
    parts <- eigen(diag(length(at)) - x[at, ] %*% bread %*% t(x[at, ]), symmetric = TRUE)
    scale <- ifelse(parts$values > 1e-10, 1 / sqrt(pmax(parts$values, 1e-300)), 0)
    residual <- ((fit$y - weights) / sqrt(weights))[at]
    t(x[at, ]) %*% (parts$vectors %*% (scale * (t(parts$vectors) %*% residual)))
  })
  matrix(bread %*% tcrossprod(scores) %*% bread, nrow(bread), dimnames = dimnames(vcov(fit)))
}

clustered <- function(study, fit, cluster) {
  keep_fit(study, "CR0", fit, vcovCL(fit, cluster = cluster, type = "HC0", cadjust = FALSE))
  keep_fit(study, "CR1", fit, vcovCL(fit, cluster = cluster, type = "HC1"))
  if (study == "ships") return(invisible())  # CR2 and CR3 have no inverse where a term is one cluster's own
  keep_fit(study, "CR2", fit, second_order(fit, cluster), bell_mccaffrey(fit, cluster, seq_along(coef(fit))))
  keep_fit(study, "CR3", fit, as.matrix(vcovCR(fit, cluster = cluster, type = "CR3")))
}

plain <- glm(deaths ~ speed + dense + factor(year), poisson, panel, offset = log(animals), control = tight)
keep_fit("plain", "model", plain, vcov(plain))
keep("plain", "loglik", "", as.numeric(logLik(plain)))
keep("plain", "pearson", "", sum(residuals(plain, "pearson")^2))
for (kind in c("HC0", "HC1", "HC2", "HC3")) keep_fit("plain", kind, plain, vcovHC(plain, type = kind))
clustered("plain", plain, panel$district)
pair <- glm(deaths ~ speed + dense, poisson, panel, offset = log(animals), control = tight)
keep_fit("pair", "two-way", pair, vcovCL(pair, cluster = ~ district + year, type = "HC1", multi0 = FALSE))
quasi <- glm(deaths ~ speed + dense + factor(year), quasipoisson, panel, offset = log(animals), control = tight)
keep_fit("quasi", "model", quasi, vcov(quasi))
keep("quasi", "dispersion", "", sum((panel$deaths - fitted(quasi))^2 / fitted(quasi)) / quasi$df.residual)

# Fixed effects of plants and years as dummies; plants without any death are left out, as an absorbed effect leaves them.
counted <- tapply(panel$deaths, panel$plant, sum)
many <- table(panel$plant)
used <- panel[panel$plant %in% names(counted)[counted > 0 & many > 1], ]
effects <- glm(deaths ~ speed + dense + factor(plant) + factor(year), poisson, used, offset = log(animals), control = tight)
keep_fit("effects", "model", effects, vcov(effects)[2:3, 2:3])
keep("effects", "loglik", "", as.numeric(logLik(effects)))
# CR2 alone: for CR3 the dummies of a district's own plants have no inverse.
keep_fit("effects", "CR2", effects, second_order(effects, used$district)[2:3, 2:3],
         bell_mccaffrey(effects, used$district, 2:3))
keep_fit("effects", "CR0", effects,
         vcovCL(effects, cluster = used$district, type = "HC0", cadjust = FALSE)[2:3, 2:3])
keep_fit("effects", "HC0", effects, vcovHC(effects, type = "HC0")[2:3, 2:3])
keep_fit("effects", "HC3", effects, vcovHC(effects, type = "HC3")[2:3, 2:3])

# Negative binomials. glm.nb, then theta and estimates improved together until they stand still.
nb <- glm.nb(deaths ~ speed + dense + factor(year) + offset(log(animals)), panel, control = glm.control(1e-14, 200))
keep_fit("nb2", "model", nb, vcov(nb))
keep("nb2", "theta", "", nb$theta)
keep("nb2", "loglik", "", as.numeric(logLik(nb)))
nbfe <- glm.nb(deaths ~ speed + dense + factor(plant) + factor(year) + offset(log(animals)), used,
               control = glm.control(1e-14, 400))
keep_fit("nb2 effects", "model", nbfe, vcov(nbfe)[2:3, 2:3])
keep("nb2 effects", "theta", "", nbfe$theta)

x <- model.matrix(~ speed + dense + factor(year), panel)
nb1 <- function(p) {
  alpha <- exp(p[length(p)])
  mu <- as.vector(exp(x %*% p[-length(p)] + log(panel$animals)))
  -sum(dnbinom(panel$deaths, mu = mu, size = mu / alpha, log = TRUE))
}
start <- c(coef(plain), log(1))
found <- optim(start, nb1, method = "BFGS", control = list(maxit = 5000, reltol = 1e-15))
found <- nlm(nb1, found$par, gradtol = 1e-10, steptol = 1e-12, iterlim = 1000)
keep("nb1", "model", colnames(x), found$estimate[seq_len(ncol(x))])
keep("nb1", "alpha", "", exp(found$estimate[ncol(x) + 1]))
keep("nb1", "loglik", "", -found$minimum)

fractional <- glm(share ~ speed + dense, quasibinomial, panel, control = tight)
keep_fit("fractional", "HC1", fractional, vcovHC(fractional, type = "HC1"))
trials <- glm(cbind(pmin(deaths, animals), animals - pmin(deaths, animals)) ~ speed + dense, quasibinomial, panel,
              control = tight)
keep_fit("trials", "model", trials, vcov(trials))
keep_fit("trials", "CR1", trials, vcovCL(trials, cluster = panel$district, type = "HC1"))

shared <- "../../../../shared/data/reference/ships.csv"
if (file.exists(shared)) {
  ships <- subset(read.csv(shared), service > 0)
  fit <- glm(incidents ~ type + factor(year) + factor(period), poisson, ships, offset = log(service), control = tight)
  keep_fit("ships", "model", fit, vcov(fit))
  for (kind in c("HC0", "HC3")) keep_fit("ships", kind, fit, vcovHC(fit, type = kind))
  clustered("ships", fit, ships$type)
}

out <- do.call(rbind, rows)
for (name in c("estimate", "std_error", "degrees")) out[[name]] <- format(out[[name]], digits = 17, trim = TRUE)
out$term <- gsub("factor\\((\\w+)\\)(\\d+)", "C(\\1)[T.\\2]", out$term)
out$term <- gsub("^type([A-E])$", "type[T.\\1]", out$term)
out$term[out$term == "(Intercept)"] <- "Intercept"
write.csv(out, "counts_estimates.csv", row.names = FALSE, quote = TRUE)
