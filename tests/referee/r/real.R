# Estimates on the agencies' own files, by stats::glm, MASS::glm.nb, lme4::glmer and a sandwich written out here, each
# checked against sandwich::vcovCL or vcovHC. Writes real_estimates.csv: summary estimates, never a row of the data.
#
# Rscript --vanilla real.R [FOLDER]: the folder that make_real_frames.py filled. Without one it is made, and thrown away.
suppressMessages({library(MASS); library(sandwich); library(lme4)})

folder <- commandArgs(trailingOnly = TRUE)[1]
if (is.na(folder)) {
  folder <- tempfile("frames")
  python <- Sys.getenv("PYTHON", "../../../.venv/bin/python")
  if (file.exists(python)) system2(python, c("../make_real_frames.py", folder))
}
if (!file.exists(file.path(folder, "lice_months.csv"))) {
  cat("real.R: the agencies' files are not there; real_estimates.csv stays as it is\n")
  quit(status = 0)
}
frame <- function(name) read.csv(file.path(folder, paste0(name, ".csv")), na.strings = "", stringsAsFactors = FALSE)

found <- list()
keep <- function(study, model, term, estimate, std_error, n, note) {
  found[[length(found) + 1]] <<- data.frame(study, model, term, estimate, std_error, n, note)
}

exact <- glm.control(epsilon = 1e-15, maxit = 100)
poisson_fit <- function(formula, data) {
  environment(formula) <- environment()  # glm looks for `exact` where the formula was written
  suppressWarnings(glm(formula, family = poisson, data = data, control = exact))  # shares and means are not integers
}

# Poisson by clusters. `absorb` are fixed effects, entered as dummies; groups without any harm (their effect is minus
# infinity) and groups of one row (their effect fits it whatever else holds) are left out until none is left. k counts as
# fixest does (effects not nested in the cluster, a nested one as 1) and, as "all dummies", every column.
clustered <- function(study, model, data, outcome, terms, cluster, absorb = character(), note = "") {
  data <- data[complete.cases(data[, c(outcome, all.vars(terms), absorb)]), ]
  repeat {
    empty <- rep(FALSE, nrow(data))
    for (effect in absorb)
      empty <- empty | ave(data[[outcome]], data[[effect]], FUN = sum) == 0 |
        ave(data[[outcome]], data[[effect]], FUN = length) == 1
    if (!any(empty)) break
    data <- data[!empty, ]
  }
  for (effect in absorb) data[[effect]] <- factor(data[[effect]])
  full <- update(terms, paste(c(paste(outcome, "~ ."), absorb), collapse = " + "))
  fit <- poisson_fit(full, data)
  stopifnot(fit$converged, !anyNA(coef(fit)))
  n <- nrow(data); G <- length(unique(data[[cluster]])); all <- length(coef(fit))
  nested <- vapply(absorb, function(effect) all(tapply(data[[cluster]], data[[effect]],
    function(x) length(unique(x)) == 1)), logical(1))
  k <- all - sum(vapply(absorb[nested], function(effect) nlevels(data[[effect]]) - 1, numeric(1)))
  X <- model.matrix(fit)
  bread <- solve(crossprod(X * sqrt(fitted(fit))))
  scores <- rowsum(X * (data[[outcome]] - fitted(fit)), data[[cluster]])
  # The variance of a group's own effect can be nothing, which rounding turns negative: no group is shown.
  plain <- suppressWarnings(sqrt(diag(bread %*% crossprod(scores) %*% bread)))
  names(plain) <- colnames(X)
  error <- function(k) plain * sqrt(G / (G - 1) * (n - 1) / (n - k))
  referee <- suppressWarnings(sqrt(diag(vcovCL(fit, cluster = data[[cluster]], type = "HC1"))))
  shown <- setdiff(names(coef(fit)), if (length(absorb))
    c("(Intercept)", grep(paste0("^(", paste(absorb, collapse = "|"), ")"), names(coef(fit)), value = TRUE)))
  # vcovCL's bread is that of summary.glm, from the last weights but one.
  stopifnot(all(abs(error(all)[shown] / referee[shown] - 1) < 1e-6))
  for (term in shown) {
    says <- sprintf("CR1 by %s, G = %d, k = %d%s", cluster, G, as.integer(k), note)
    keep(study, model, term, coef(fit)[[term]], error(k)[[term]], n, says)
    if (any(nested)) keep(study, paste(model, "all dummies"), term, coef(fit)[[term]], error(all)[[term]], n,
      sprintf("CR1 by %s, G = %d, k = %d (every dummy)%s", cluster, G, as.integer(all), note))
  }
}

robust <- function(study, model, fit, note) {
  error <- sqrt(diag(vcovHC(fit, type = "HC1")))
  for (term in names(coef(fit))) keep(study, model, term, coef(fit)[[term]], error[[term]], nobs(fit), note)
}

# Scottish salmon cages -------------------------------------------------------------------------------------------
cages <- frame("salmon_cages")
by_cage <- function(model, terms, data = cages, absorb = character())
  clustered("salmon", model, data, "mortality", terms, "cage", absorb)
by_cage("raw", ~ density)
by_cage("age", ~ density + age)
by_cage("adjusted", ~ density + age + temperature + farm)
by_cage("cage and month", ~ density, absorb = c("cage", "month"))
later <- cages[!is.na(cages$density_earlier), ]
by_cage("adjusted, weeks with an earlier density", ~ density + age + temperature + farm, later)
by_cage("raw, 8 weeks before", ~ density_earlier, later)
by_cage("adjusted, 8 weeks before", ~ density_earlier + age + temperature + farm, later)
by_cage("cage and month, 8 weeks before", ~ density_earlier, later, c("cage", "month"))
for (model in c("raw", "adjusted")) {
  fit <- lm(if (model == "raw") log(mortality) ~ density else log(mortality) ~ density + age + temperature + farm, cages)
  error <- sqrt(diag(vcovCL(fit, cluster = cages$cage, type = "HC1")))
  keep("salmon", paste("log", model), "density", coef(fit)[["density"]], error[["density"]], nobs(fit),
    "least squares on log(mortality), CR1 by cage")
}
for (age in split(cages, cut(cages$age, c(0, 3, 6, 9, 12, Inf))))
  by_cage(sprintf("age %d to %d", 3 * floor(min(age$age) / 3), 3 * floor(min(age$age) / 3) + 3), ~ density, age)

# French broilers -------------------------------------------------------------------------------------------------
flocks <- frame("broiler_flocks")
for (name in c("load_type", "product", "evisceration")) flocks[[name]] <- factor(flocks[[name]])
by_flock <- function(model, terms) robust("broilers", model, poisson_fit(terms, flocks), "HC1, each flock its own")
by_flock("weather alone", dead_on_arrival ~ rain_wind)
by_flock("loading alone", dead_on_arrival ~ load_type)
by_flock("crates alone", dead_on_arrival ~ crate_density)
by_flock("adjusted", dead_on_arrival ~ rain_wind + load_type + crate_density + lairage + product + evisceration)
by_flock("interaction", dead_on_arrival ~ rain_wind * load_type)

# British Columbia: sea lice ----------------------------------------------------------------------------------------
effects <- c("farm", "month")
months <- frame("lice_months"); months20 <- frame("lice_months_2020"); counts <- frame("lice_counts")
for (lice in c("motiles", "caligus")) {
  by_farm <- function(model, data, terms = ~ audited)
    clustered("lice", paste(lice, model), data, lice, terms, "farm", effects)
  by_farm("months 2011-2016", months)
  by_farm("rows 2011-2016", counts[counts$year <= 2016, ])
  by_farm("months 2011-2020", months20)
  by_farm("rows 2011-2020", counts[counts$year <= 2020, ])
  months$before <- log(months[[paste0(lice, "_before")]] + 0.05)
  by_farm("months with one before", months[!is.na(months$before), ])
  by_farm("months, given the month before", months, ~ audited + before)
  months$outcome <- months[[lice]]
  mixed <- suppressWarnings(glmer(outcome ~ audited + (1 | farm) + (1 | month), months, family = poisson, nAGQ = 0))
  keep("lice", paste(lice, "months 2011-2016, mixed"), "audited", fixef(mixed)[["audited"]], NA, nrow(months),
    "glmer, Poisson, random intercepts of farm and month, nAGQ = 0; no error: it would take means for counts")
}

# Indian ponds ------------------------------------------------------------------------------------------------------
visits <- frame("pond_visits")
first <- visits[visits$follow_up == 0, ]
first <- first[order(first$pond, first$date, -first$morning), ]
first <- first[!duplicated(first[, c("pond", "month")]), ]
for (harm in c("gulps", "out_of_range", "low_oxygen")) {
  by_pond <- function(model, data, terms = ~ doublings, absorb = character())
    clustered("ponds", paste(harm, model), data, harm, terms, "pond", absorb)
  by_pond("raw", visits)
  by_pond("month", visits, absorb = "month")
  by_pond("month and weight", visits, ~ doublings + weight, "month")
  by_pond("weight, same visits without it", visits[!is.na(visits$weight), ], absorb = "month")
  by_pond("pond and month", visits, absorb = c("pond", "month"))
  by_pond("routine", visits[visits$follow_up == 0, ])
  by_pond("routine, month", visits[visits$follow_up == 0, ], absorb = "month")
  if (harm != "low_oxygen") by_pond("first of the month", first, absorb = "month")
}

# American humane-handling tasks --------------------------------------------------------------------------------------
plants <- frame("handling_tasks")
overall <- poisson_fit(findings ~ 1 + offset(log(tasks)), plants)
keep("handling", "rate", "(Intercept)", coef(overall)[[1]], sqrt(vcov(overall)[1, 1]), nobs(overall), "model errors")
keep("handling", "rate", "dispersion", sum(residuals(overall, "pearson")^2) / df.residual(overall), NA, nobs(overall),
  "Pearson chi-squared over n - k")
robust("handling", "rate, robust", overall, "HC1, each plant its own")
negative <- glm.nb(findings ~ 1 + offset(log(tasks)), plants, control = glm.control(epsilon = 1e-14, maxit = 200))
keep("handling", "rate, negative binomial", "(Intercept)", coef(negative)[[1]], sqrt(vcov(negative)[1, 1]),
  nrow(plants), "expected information, theta as estimated")
keep("handling", "rate, negative binomial", "theta", negative$theta, negative$SE.theta, nrow(plants), "MASS::glm.nb")
known <- plants[!is.na(plants$volume), ]
known$volume <- factor(known$volume)
robust("handling", "volume", poisson_fit(findings ~ volume + offset(log(tasks)), known), "HC1, each plant its own")
robust("handling", "tasks", poisson_fit(findings ~ log(tasks), plants), "HC1, each plant its own; no offset")

out <- do.call(rbind, found)
for (name in c("estimate", "std_error")) out[[name]] <- format(out[[name]], digits = 17, trim = TRUE)
write.csv(out, "real_estimates.csv", row.names = FALSE)
