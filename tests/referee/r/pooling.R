# Pooling by metafor 3.8: every estimator of the variance between studies with every interval, on the BCG trials
# (Colditz et al. 1994, shipped as dat.bcg: stored are summaries, not rows) and on simulated sets in pooling_data.csv;
# leave-one-out, funnel tests, trim and fill, meta-regression, errors clustered by study (clubSandwich), effect sizes,
# and the calves of Donadio et al. 2025 where CALVES names the file that `python tests/real/calves.py SHARED FILE` makes of
# their workbooks. Writes pooling_*.csv.

suppressMessages({
  library(metafor)
  library(clubSandwich)
})

exact <- function(x) trimws(formatC(x, digits = 17, format = "g"))

save_as <- function(frame, name) {
  frame[] <- lapply(frame, function(column) if (is.numeric(column)) exact(column) else column)
  write.csv(frame, paste0("pooling_", name, ".csv"), row.names = FALSE, quote = FALSE)
}

# Data: no difference between studies; three studies; studies of several effects with things they differ in.
set.seed(6)
alike <- data.frame(set = "alike", vi = round(runif(8, 0.02, 0.2), 4))
alike$yi <- round(0.3 + 0.45 * rnorm(8, 0, sqrt(alike$vi)), 4)
three <- data.frame(set = "three", vi = c(0.04, 0.09, 0.025), yi = c(0.12, 0.85, -0.2))
nested <- data.frame(set = "nested", group = rep(1:9, c(1, 3, 2, 1, 4, 2, 1, 3, 2)))
nested$vi <- round(runif(nrow(nested), 0.01, 0.15), 4)
nested$dose <- round(runif(nrow(nested), 0, 5), 2)
nested$place <- rep(c("barn", "range", "yard"), length.out = nrow(nested))
nested$yi <- round(0.2 + 0.1 * nested$dose + rnorm(9, 0, 0.3)[nested$group] + rnorm(nrow(nested), 0, sqrt(nested$vi)), 4)
# Two peaks of the restricted likelihood: precise studies far from each other, and many imprecise ones between.
peaks <- data.frame(set = "peaks", vi = c(0.0004, 0.0004, 0.9, 1.1, 0.8, 1.2, 1), yi = c(0, 0.09, 2.1, -1.9, 1.5, -2.4, 2.6))
fill <- function(d) { for (n in c("group", "dose", "place")) if (is.null(d[[n]])) d[[n]] <- ""; d[c("set", "yi", "vi", "group", "dose", "place")] }
data <- do.call(rbind, lapply(list(alike, three, nested, peaks), fill))
write.csv(data, "pooling_data.csv", row.names = FALSE, quote = FALSE)

bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
sets <- list(bcg = bcg, alike = alike, three = three, nested = nested)

tight <- list(REML = list(threshold = 1e-14, maxiter = 1e5), ML = list(threshold = 1e-14, maxiter = 1e5),
              EB = list(threshold = 1e-14, maxiter = 1e5), PM = list(tol = 1e-13))
tests <- c(hksj = "knha", hksj_adhoc = "adhoc", t = "t", normal = "z")
methods <- c(reml = "REML", dl = "DL", pm = "PM", ml = "ML", hedges = "HE", sj = "SJ", eb = "EB", fixed = "FE")
pooled <- function(d, method, test, ...) {
  control <- if (is.null(tight[[method]])) list() else tight[[method]]
  rma(yi, vi, data = d, method = method, test = test, control = control, ...)
}

numbers <- function(f) {
  k <- f$k
  pi <- function(type) { p <- predict(f, pi.type = type); c(p$pi.lb, p$pi.ub) }
  higgins <- if (k > 2 && f$method != "FE") pi("riley") else c(NA, NA)
  plain <- if (f$method != "FE") { p <- predict(f, pi.type = "t"); c(p$pi.lb, p$pi.ub) } else c(NA, NA)
  spread <- if (f$method != "FE") { confint(f, control = list(tol = 1e-13))$random["tau^2", c("ci.lb", "ci.ub")] } else c(NA, NA)
  data.frame(estimate = f$beta[1], std_error = f$se, low = f$ci.lb, high = f$ci.ub, p_value = f$pval, tau2 = f$tau2, i2 = f$I2,
             h2 = f$H2, q = f$QE, q_p = f$QEp, tau2_low = spread[1], tau2_high = spread[2], higgins_low = higgins[1],
             higgins_high = higgins[2], t_low = plain[1], t_high = plain[2], row.names = NULL)
}

out <- NULL
for (s in names(sets)) for (m in names(methods)) for (ci in names(tests)) {
  found <- suppressWarnings(pooled(sets[[s]], methods[m], tests[ci]))
  out <- rbind(out, cbind(data.frame(set = s, method = m, ci = ci), numbers(found)))
}
save_as(out, "pools")

# The peak that is highest, by a search over a fine grid refined by optimize, since iterations may end on another.
grid <- c(0, 10^seq(-8, 2, length.out = 4001))
restricted <- function(t, d) {
  w <- 1 / (d$vi + t)
  m <- sum(w * d$yi) / sum(w)
  -0.5 * (sum(log(d$vi + t)) + log(sum(w)) + sum(w * (d$yi - m)^2))
}
at <- which.max(sapply(grid, restricted, d = peaks))
best <- optimize(restricted, grid[c(max(at - 1, 1), at + 1)], d = peaks, maximum = TRUE, tol = 1e-14)$maximum
inner <- sapply(grid, restricted, d = peaks)
peak_count <- sum(diff(sign(diff(inner))) < 0)
save_as(data.frame(tau2 = best, peaks = peak_count), "peaks")

# Leave-one-out: REML, Knapp and Hartung.
out <- NULL
for (s in c("bcg", "alike", "three")) {
  d <- sets[[s]]
  for (i in seq_len(nrow(d))) {
    f <- suppressWarnings(pooled(d[-i, ], "REML", "knha"))
    out <- rbind(out, data.frame(set = s, row = i - 1, estimate = f$beta[1], std_error = f$se, low = f$ci.lb, high = f$ci.ub,
                                 tau2 = f$tau2, i2 = f$I2))
  }
}
save_as(out, "left_out")

# Funnel tests, and trim and fill.
out <- NULL
for (s in c("bcg", "alike", "nested")) {
  f <- suppressWarnings(pooled(sets[[s]], "REML", "knha"))
  classical <- regtest(f, model = "lm")
  random <- regtest(f, model = "rma")
  ranks <- suppressWarnings(ranktest(f))
  filled <- suppressWarnings(trimfill(f))
  # trimfill answers with normal intervals and loose iterations, so what it filled is pooled again.
  again <- pooled(data.frame(yi = as.numeric(filled$yi), vi = as.numeric(filled$vi)), "REML", "knha")
  out <- rbind(out, data.frame(set = s, egger = classical$zval, egger_p = classical$pval, limit = classical$est, limit_low = classical$ci.lb,
                               limit_high = classical$ci.ub, random = random$zval, random_p = random$pval, tau = ranks$tau,
                               tau_p = ranks$pval, side = filled$side, added = filled$k0, filled = again$beta[1],
                               filled_low = again$ci.lb, filled_high = again$ci.ub))
}
save_as(out, "funnel")

# Meta-regression.
out <- NULL
together <- NULL
cases <- list(list("bcg", "latitude", ~ablat), list("bcg", "latitude and allocation", ~ ablat + alloc),
              list("nested", "dose and place", ~ dose + place))
for (case in cases) for (m in c("reml", "dl", "pm", "ml", "hedges", "sj", "fixed")) for (ci in names(tests)) {
  f <- suppressWarnings(pooled(sets[[case[[1]]]], methods[m], tests[ci], mods = case[[3]]))
  out <- rbind(out, data.frame(set = case[[1]], moderators = case[[2]], method = m, ci = ci, term = rownames(f$beta), estimate = f$beta[, 1],
                               std_error = f$se, low = f$ci.lb, high = f$ci.ub, p_value = f$pval))
  together <- rbind(together, data.frame(set = case[[1]], moderators = case[[2]], method = m, ci = ci, tau2 = f$tau2, i2 = f$I2,
                                         qm = f$QM, qm_p = f$QMp, qe = f$QE, qe_p = f$QEp, r2 = if (is.null(f$R2)) NA else f$R2))
}
save_as(out, "regression")
save_as(together, "regression_tests")

# Clustered by study.
out <- NULL
for (m in c("reml", "dl", "fixed")) for (mods in c("none", "dose and place")) {
  f <- if (mods == "none") pooled(nested, methods[m], "z") else pooled(nested, methods[m], "z", mods = ~ dose + place)
  r <- robust(f, cluster = nested$group, clubSandwich = TRUE)
  out <- rbind(out, data.frame(method = m, moderators = mods, term = rownames(f$beta), estimate = f$beta[, 1], std_error = r$se,
                               degrees = r$ddf, low = r$ci.lb, high = r$ci.ub, p_value = r$pval))
}
save_as(out, "robust")

# Effect sizes of what papers print.
means <- data.frame(m1 = c(10.2, 3.4, 0.5), sd1 = c(2.1, 0.8, 0.09), n1 = c(12, 30, 7), m2 = c(9.1, 3.9, 0.42), sd2 = c(2.6, 0.7, 0.2),
                    n2 = c(11, 28, 19))
counts <- data.frame(a = c(4, 0, 12, 30), n1 = c(20, 15, 12, 400), b = c(9, 3, 5, 45), n2 = c(21, 15, 13, 380))
times <- data.frame(x1 = c(4, 0, 120), t1 = c(20, 15.5, 1200), x2 = c(9, 3, 80), t2 = c(21, 14, 1500))
sizes <- NULL
add <- function(measure, found) sizes <<- rbind(sizes, data.frame(measure = measure, row = seq_len(nrow(found)) - 1, effect = as.numeric(found$yi),
                                                                  variance = as.numeric(found$vi)))
for (measure in c("MD", "SMD", "ROM")) add(measure, escalc(measure, m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2, data = means))
for (measure in c("RR", "OR", "RD")) add(measure, escalc(measure, ai = a, n1i = n1, ci = b, n2i = n2, data = counts))
add("IRR", escalc("IRR", x1i = x1, t1i = t1, x2i = x2, t2i = t2, data = times))
save_as(sizes, "sizes")

# Calves: rows are read where they lie, if they do (a file of study, effect, variance, article per outcome), and only
# summaries are kept.
if (file.exists(Sys.getenv("CALVES"))) {
  calves <- read.csv(Sys.getenv("CALVES"))
  names(calves)[match(c("effect", "variance"), names(calves))] <- c("yi", "vi")
  out <- NULL
  for (o in c("ADG", "WW")) {
    d <- calves[calves$outcome == o, ]
    for (m in c("reml", "dl", "pm", "fixed")) for (ci in c("hksj", "normal")) {
      f <- pooled(d, methods[m], tests[ci])
      p <- if (m == "fixed") list(pi.lb = NA, pi.ub = NA) else predict(f, pi.type = "riley")
      out <- rbind(out, data.frame(outcome = o, method = m, ci = ci, k = f$k, estimate = f$beta[1], std_error = f$se, low = f$ci.lb,
                                   high = f$ci.ub, p_value = f$pval, tau2 = f$tau2, i2 = f$I2, prediction_low = p$pi.lb,
                                   prediction_high = p$pi.ub))
    }
    r <- robust(pooled(d, "REML", "z"), cluster = d$article, clubSandwich = TRUE)
    out <- rbind(out, data.frame(outcome = o, method = "reml", ci = "robust", k = r$k, estimate = r$beta[1], std_error = r$se, low = r$ci.lb,
                                 high = r$ci.ub, p_value = r$pval, tau2 = r$tau2, i2 = r$I2, prediction_low = NA, prediction_high = NA))
  }
  save_as(out, "calves")
}
