# Times to the next focus area of Danish herds and closures of American plants, by survival and stats::glm. Writes
# duration_real.csv: summary estimates, never a row of the data.
#
# Rscript --vanilla duration_real.R [FOLDER]: the folder that make_duration_frames.py filled. Without one it is made, and
# thrown away.
suppressMessages(library(survival))

folder <- commandArgs(trailingOnly = TRUE)[1]
if (is.na(folder)) {
  folder <- tempfile("frames")
  python <- Sys.getenv("PYTHON", "../../../.venv/bin/python")
  if (file.exists(python)) system2(python, c("../make_duration_frames.py", folder))
}
if (!file.exists(file.path(folder, "spells.csv"))) {
  cat("duration_real.R: the agencies' files are not there; duration_real.csv stays as it is\n")
  quit(status = 0)
}
found <- list()
keep <- function(study, model, term, estimate, std_error, n) {
  found[[length(found) + 1]] <<- data.frame(study, model, term = as.character(term), estimate, std_error, n)
}
exact <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 60)

# Days from one focus area to the next, each spell with a clock of its own, clustered by holding.
spells <- read.csv(file.path(folder, "spells.csv"))
curve <- function(model, data) {
  fit <- survfit(Surv(exit, event) ~ 1, data, cluster = holding, conf.type = "log-log")
  s <- summary(fit, times = c(90, 182, 365, 730))
  for (k in seq_along(s$time)) keep("focus areas", model, s$time[k], s$surv[k], s$std.err[k], nrow(data))
  q <- quantile(fit, 0.5)
  keep("focus areas", paste(model, "median"), c("at", "low", "high"), unlist(q), NA, nrow(data))
}
curve("all", spells)
for (species in c("cattle", "pig")) curve(species, spells[spells$species == species, ])
for (theme in c("tail biting", "shoulder sores", "mortality")) curve(theme, spells[spells$theme == theme, ])
test <- coxph(Surv(exit, event) ~ species, spells, cluster = holding, ties = "breslow", control = exact)
keep("focus areas", "log-rank robust", "species", test$rscore, NA, nrow(spells))
spells$kind <- factor(ifelse(spells$event == 0, "none", spells$cause), c("none", "again", "new"))
s <- summary(survfit(Surv(exit, kind) ~ 1, spells), times = c(182, 365, 730))
for (k in 1:2) keep("focus areas", paste("share", c("again", "new")[k]), c(182, 365, 730), s$pstate[, k + 1], NA,
                    nrow(spells))

# The same with one clock by herd: Andersen and Gill's model, and Prentice, Williams and Peterson's.
herds <- read.csv(file.path(folder, "herds.csv"))
herds$theme <- relevel(factor(herds$theme), "other")
model <- function(name, formula, data) {
  fit <- coxph(formula, data, cluster = holding, control = exact)
  keep("focus areas", name, names(coef(fit)), coef(fit), sqrt(diag(vcov(fit))), nrow(data))
  keep("focus areas", name, "concordance", fit$concordance[["concordance"]], NA, nrow(data))
}
model("andersen-gill", Surv(entry, exit, event) ~ species + theme, herds)
model("pwp total", Surv(entry, exit, event) ~ species + theme + strata(number), herds)
spells$theme <- relevel(factor(spells$theme), "other")
model("pwp gap", Surv(exit, event) ~ species + theme + strata(number), spells)

# American plants of the directory of 2018, still listed in 2024-09 and 2025-06: two intervals, so a complementary log-log
# model with an intercept for each is the proportional-hazards model of grouped time.
plants <- read.csv(file.path(folder, "plants.csv"))
first <- data.frame(slaughters = plants$slaughters, interval = "first", gone = 1 - plants$listed_2024)
left <- plants[plants$listed_2024 == 1, ]
second <- data.frame(slaughters = left$slaughters, interval = "second", gone = 1 - left$listed_2025)
both <- rbind(first, second)
strict <- glm.control(epsilon = 1e-14, maxit = 100)
fit <- glm(gone ~ 0 + interval + slaughters, binomial("cloglog"), both, control = strict)
keep("plants", "cloglog", names(coef(fit)), coef(fit), sqrt(diag(vcov(fit))), nrow(both))
fit <- glm(gone ~ slaughters, binomial("cloglog"), first, control = strict)
keep("plants", "cloglog first interval", names(coef(fit)), coef(fit), sqrt(diag(vcov(fit))), nrow(first))

out <- do.call(rbind, found)
for (name in c("estimate", "std_error")) out[[name]] <- trimws(formatC(out[[name]], digits = 17, format = "g"))
write.csv(out, "duration_real.csv", row.names = FALSE, quote = FALSE)
