# Survival curves, competing risks and Cox models by survival, etm and cmprsk. Writes duration_spells.csv (simulated
# spells of herds, with ties, delayed entry, strata, clusters, conditions that change and events that recur) and
# duration.csv: study, what, at, value, all digits. duration_published.csv holds the same of data sets inside the package
# survival, results only.
suppressMessages({library(survival); library(etm); library(cmprsk)})

found <- list()
keep <- function(study, what, at, value) {
  found[[length(found) + 1]] <<- data.frame(study, what, at = as.character(at), value = unname(as.numeric(value)))
}
save_as <- function(name) {
  out <- do.call(rbind, found)
  out$value <- trimws(formatC(out$value, digits = 17, format = "g"))
  write.csv(out, name, row.names = FALSE, quote = FALSE)
  found <<- list()
}
# As far as the arithmetic goes, not as far as the defaults do.
exact <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 60)

# Simulated herds ---------------------------------------------------------------------------------------------------
set.seed(20240611)
herds <- 70
made <- list()
for (herd in 1:herds) {
  company <- (herd - 1) %/% 3 + 1
  region <- c("north", "south", "west")[1 + herd %% 3]
  system <- sample(c("barn", "cage", "free"), 1)
  density <- round(rnorm(1, 15, 3), 1)
  frailty <- exp(rnorm(1, 0, 0.4))
  time <- sample(c(0, 0, 0, 20, 40), 1)
  end <- sample(150:400, 1)
  number <- 1
  while (time < end) {
    rate <- 0.008 * frailty * exp(0.06 * (density - 15) + 0.5 * (system == "cage"))
    to <- min(time + 7 * ceiling(rexp(1, rate) / 7), end)
    event <- as.integer(to < end)
    # A condition that changes now and then: the spell goes on under another density.
    cut <- if (to - time > 60 && runif(1) < 0.6) time + sample(20:50, 1) else NA
    bounds <- c(time, if (!is.na(cut)) cut, to)
    for (part in seq_len(length(bounds) - 1)) {
      last <- part == length(bounds) - 1
      cause <- if (last && event) sample(c("lame", "dead", "fined"), 1, prob = c(0.5, 0.3, 0.2)) else ""
      made[[length(made) + 1]] <- data.frame(herd, company, region, system, density, number, entry = bounds[part],
        exit = bounds[part + 1], event = as.integer(last && event), cause)
      density <- round(density + rnorm(1, 0, 1), 1)
    }
    time <- to
    number <- number + 1
  }
}
d <- do.call(rbind, made)
d <- d[d$exit > d$entry, ]
d$length <- d$exit - d$entry
# Times without a tie, where entry still lies before exit.
d$exit_fine <- round(d$exit - seq_len(nrow(d)) / 2000, 4)
write.csv(d, "duration_spells.csv", row.names = FALSE, quote = FALSE)
d <- read.csv("duration_spells.csv")
d$row <- seq_len(nrow(d))

curves <- function(study, curve) {
  for (conf in c("log-log", "log", "plain")) {
    fit <- curve(conf)
    at <- unique(round(seq(1, length(fit$time), length.out = 12)))
    error <- if (fit$logse) fit$std.err * fit$surv else fit$std.err
    for (k in at) {
      keep(study, paste(conf, "low"), fit$time[k], fit$lower[k])
      keep(study, paste(conf, "high"), fit$time[k], fit$upper[k])
      if (conf == "log") {
        keep(study, "survival", fit$time[k], fit$surv[k])
        keep(study, "std_error", fit$time[k], error[k])
        keep(study, "at_risk", fit$time[k], fit$n.risk[k])
        keep(study, "events", fit$time[k], fit$n.event[k])
      }
    }
    q <- quantile(fit, c(0.1, 0.25, 0.5, 0.75))
    for (part in c("quantile", "lower", "upper"))
      for (share in names(q[[part]])) keep(study, paste(conf, part), share, q[[part]][[share]])
  }
}
curves("right censored", function(conf) survfit(Surv(length, event) ~ 1, d, conf.type = conf))
curves("delayed entry", function(conf) survfit(Surv(entry, exit, event) ~ 1, d, conf.type = conf))
curves("clustered", function(conf) survfit(Surv(length, event) ~ 1, d, conf.type = conf, cluster = herd))
curves("delayed and clustered",
       function(conf) survfit(Surv(entry, exit, event) ~ 1, d, conf.type = conf, cluster = herd))
for (until in c(60, 120, 200)) {
  row <- summary(survfit(Surv(length, event) ~ 1, d), rmean = until)$table
  keep("right censored", "mean", until, row[["rmean"]])
  keep("right censored", "mean error", until, row[["se(rmean)"]])
}

# The error of a mean between herds: the influences of survfit, summed over the area below the curve.
fit <- survfit(Surv(length, event) ~ 1, d, cluster = herd, influence = 1)
for (until in c(60, 120, 200)) {
  inside <- fit$time <= until
  widths <- diff(c(fit$time[inside], until))
  area <- fit$influence.surv[, inside, drop = FALSE] %*% widths
  keep("clustered", "mean error", until, sqrt(sum(area^2)))
}

ranks <- function(study, fit) {
  keep(study, "chi2", "", fit$chisq)
  observed <- if (is.matrix(fit$obs)) rowSums(fit$obs) else fit$obs
  expected <- if (is.matrix(fit$exp)) rowSums(fit$exp) else fit$exp
  groups <- sub(".*=", "", sub(",.*", "", names(fit$n)))
  for (k in seq_along(observed)) {
    keep(study, "observed", groups[k], observed[k])
    keep(study, "expected", groups[k], expected[k])
  }
}
ranks("log-rank", survdiff(Surv(length, event) ~ system, d))
ranks("log-rank stratified", survdiff(Surv(length, event) ~ system + strata(region), d))
keep("log-rank robust", "chi2", "",
     coxph(Surv(length, event) ~ system + strata(region), d, cluster = herd, ties = "breslow", control = exact)$rscore)
keep("log-rank delayed", "chi2", "", coxph(Surv(entry, exit_fine, event) ~ system, d, control = exact)$score)

models <- function(study, fit, zph = TRUE) {
  for (term in names(coef(fit))) {
    keep(study, "estimate", term, coef(fit)[[term]])
    keep(study, "std_error", term, sqrt(diag(vcov(fit)))[[which(names(coef(fit)) == term)]])
  }
  keep(study, "loglik_null", "", fit$loglik[1])
  keep(study, "loglik", "", fit$loglik[2])
  keep(study, "concordance", "", fit$concordance[["concordance"]])
  if (zph) for (transform in c("km", "identity", "log")) {
    table <- cox.zph(fit, if (transform == "log") log else transform)$table
    for (term in rownames(table)) keep(study, paste("zph", transform), term, table[term, "chisq"])
  }
}
terms <- "density + system"
for (ties in c("efron", "breslow")) {
  s <- function(f) as.formula(paste("Surv(entry, exit, event) ~", f))
  models(paste(ties, "plain"), coxph(s(terms), d, ties = ties, control = exact))
  models(paste(ties, "strata"), coxph(s(paste(terms, "+ strata(region)")), d, ties = ties, control = exact))
  models(paste(ties, "andersen-gill"), coxph(s(terms), d, cluster = herd, ties = ties, control = exact), FALSE)
  models(paste(ties, "company"), coxph(s(paste(terms, "+ strata(region)")), d, cluster = company, ties = ties,
                                       control = exact), FALSE)
  models(paste(ties, "pwp"), coxph(s(paste(terms, "+ strata(number)")), d, cluster = herd, ties = ties,
                                   control = exact), FALSE)
  models(paste(ties, "rows"), coxph(s(terms), d, cluster = row, ties = ties, control = exact), FALSE)
  models(paste(ties, "no entry"), coxph(Surv(length, event) ~ density + system, d, ties = ties, control = exact))
}
shown <- function(study, fit, data) {
  curve <- summary(survfit(fit, newdata = data))
  for (k in unique(round(seq(1, length(curve$time), length.out = 8)))) {
    keep(study, "survival", curve$time[k], curve$surv[k])
    keep(study, "std_error", curve$time[k], curve$std.err[k])
    keep(study, "low", curve$time[k], curve$lower[k])
    keep(study, "high", curve$time[k], curve$upper[k])
  }
}
at <- data.frame(density = 18, system = "cage", region = "south")
for (ties in c("efron", "breslow")) {
  shown(paste("baseline", ties), coxph(Surv(entry, exit, event) ~ density + system, d, ties = ties, control = exact), at)
  shown(paste("baseline strata", ties), coxph(Surv(entry, exit, event) ~ density + system + strata(region), d,
                                             ties = ties, control = exact), at)
}

# Competing risks: survfit's infinitesimal jackknife, etm's error of Greenwood's type, cmprsk's estimate.
causes <- c("dead", "fined", "lame")
d$kind <- factor(ifelse(d$cause == "", "none", d$cause), levels = c("none", causes))
times <- c(30, 70, 140)
multi <- function(study, fit) {
  s <- summary(fit, times = times)
  for (k in seq_along(causes)) for (j in seq_along(times)) {
    keep(study, paste("incidence", causes[k]), times[j], s$pstate[j, k + 1])
    keep(study, paste("jackknife", causes[k]), times[j], s$std.err[j, k + 1])
  }
}
multi("causes", survfit(Surv(length, kind) ~ 1, d))
multi("causes delayed", survfit(Surv(entry, exit, kind) ~ 1, d, id = row))
# survfit of several states takes no notice of cluster= here: its own influences, time 0 first, are summed by herd.
fit <- survfit(Surv(length, kind) ~ 1, d, influence = TRUE)
for (j in seq_along(times)) {
  at <- max(which(fit$time <= times[j]))
  for (k in seq_along(causes)) {
    keep("causes clustered", paste("incidence", causes[k]), times[j], fit$pstate[at, k + 1])
    keep("causes clustered", paste("jackknife", causes[k]), times[j],
         sqrt(sum(rowsum(fit$influence.pstate[, at + 1, k + 1], d$herd)^2)))
  }
}
ways <- matrix(FALSE, 4, 4)
ways[1, 2:4] <- TRUE
green <- function(study, entry, exit) {
  to <- ifelse(d$cause == "", "cens", as.character(match(d$cause, causes)))
  frame <- data.frame(id = d$row, from = "0", to, entry, exit)
  s <- summary(suppressWarnings(etm(frame, c("0", "1", "2", "3"), ways, "cens", s = 0)))
  for (k in 1:3) {
    part <- s[[paste("0", k)]]
    for (time in times) {
      row <- part[max(which(part$time <= time)), ]
      keep(study, paste("etm", causes[k]), time, row$P)
      keep(study, paste("greenwood", causes[k]), time, sqrt(row$var))
    }
  }
}
green("causes", 0, d$length)
green("causes delayed", d$entry, d$exit)
gray <- timepoints(cuminc(d$length, match(d$cause, causes, nomatch = 0)), times)$est
for (k in 1:3) for (j in seq_along(times)) keep("causes", paste("cmprsk", causes[k]), times[j], gray[k, j])

# Freireich et al. 1963, as in Gehan 1965 and Cox 1972: typed in the tests.
weeks <- c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35,
           1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
relapse <- c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, rep(1, 21))
placebo <- rep(0:1, each = 21)
for (ties in c("efron", "breslow")) models(paste("freireich", ties), coxph(Surv(weeks, relapse) ~ placebo, ties = ties,
                                                                          control = exact))
ranks("freireich log-rank", survdiff(Surv(weeks, relapse) ~ placebo))
save_as("duration.csv")

# Data sets inside survival: results only. tests/stats/duration/test_published_data.py fits them where R is installed.
models("lung", coxph(Surv(time, status == 2) ~ age + sex + ph.ecog, lung, control = exact))
models("lung institutions", coxph(Surv(time, status == 2) ~ age + sex, lung[!is.na(lung$inst), ], cluster = inst,
                                  control = exact), FALSE)
models("heart", coxph(Surv(start, stop, event) ~ age + surgery + transplant, heart, control = exact))
models("heart clustered", coxph(Surv(start, stop, event) ~ age + transplant, heart, cluster = id, control = exact), FALSE)
models("cgd", coxph(Surv(tstart, tstop, status) ~ treat + inherit + steroids, cgd, cluster = id, control = exact), FALSE)
models("cgd pwp", coxph(Surv(tstart, tstop, status) ~ treat + strata(enum), cgd[cgd$enum <= 3, ], cluster = id,
                        control = exact), FALSE)
bladder2$length <- bladder2$stop - bladder2$start
models("bladder ag", coxph(Surv(start, stop, event) ~ rx + size + number, bladder2, cluster = id, control = exact), FALSE)
models("bladder pwp gap", coxph(Surv(length, event) ~ rx + size + number + strata(enum), bladder2, cluster = id,
                                control = exact), FALSE)
models("kidney", coxph(Surv(time, status) ~ age + sex, kidney, cluster = id, control = exact), FALSE)
ranks("lung log-rank", survdiff(Surv(time, status == 2) ~ sex, lung))
mgus2$etime <- with(mgus2, ifelse(pstat == 0, futime, ptime))
mgus2$kind <- factor(with(mgus2, ifelse(pstat == 0, 2 * death, 1)), 0:2, c("none", "pcm", "death"))
s <- summary(survfit(Surv(etime, kind) ~ 1, mgus2), times = c(60, 120, 240))
for (k in 1:2) for (j in 1:3) {
  keep("mgus2", paste("incidence", c("pcm", "death")[k]), c(60, 120, 240)[j], s$pstate[j, k + 1])
  keep("mgus2", paste("jackknife", c("pcm", "death")[k]), c(60, 120, 240)[j], s$std.err[j, k + 1])
}
save_as("duration_published.csv")
