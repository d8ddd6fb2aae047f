# Interrupted series: glm, lm and glm.nb with sandwich's NeweyWest and vcovPL, and Box.test, for
# tests/stats/test_interrupted.py. Run: cd tests/referee/r && Rscript --vanilla interrupted.R
suppressPackageStartupMessages({library(MASS); library(sandwich)})

rows <- list()
keep <- function(study, what, term, estimate, std_error = NA) {
  rows[[length(rows) + 1]] <<- data.frame(study, what, term, estimate, std_error)
}
tight <- glm.control(epsilon = 1e-14, maxit = 200)

# Made-up deaths of hens in sixty months, an order to slow the line from month 35 on, and shocks that last.
set.seed(21)
months <- 0:59
shock <- as.numeric(arima.sim(list(ar = 0.5), 60, sd = 0.15))
series <- data.frame(month = months, hens = round(runif(60, 800, 1500)))
expected <- series$hens * exp(-3.2 + 0.006 * months - 0.35 * (months >= 35) + 0.01 * pmax(months - 35, 0) +
                                0.2 * sin(2 * pi * months / 12) + shock)
series$deaths <- rpois(60, expected)
series$score <- round(20 + 0.1 * months - 3 * (months >= 35) + 8 * shock + rnorm(60), 3)
write.csv(series, "interrupted_series.csv", row.names = FALSE, quote = FALSE)

add_terms <- function(d) {
  d$level <- as.numeric(d$month >= 35)
  d$since <- d$month - 35
  d$slope <- d$level * d$since
  for (k in 1:2) {
    d[[paste0("sin", k)]] <- sin(2 * pi * k * d$month / 12)
    d[[paste0("cos", k)]] <- cos(2 * pi * k * d$month / 12)
  }
  d
}
names_here <- c("(Intercept)" = "Intercept", level = "level change", slope = "slope change", since = "trend",
                sin1 = "season sin 1", cos1 = "season cos 1", sin2 = "season sin 2", cos2 = "season cos 2")
keep_fit <- function(study, what, fit, covariance) {
  terms <- intersect(names(coef(fit)), names(names_here))
  keep(study, what, names_here[terms], coef(fit)[terms], sqrt(diag(covariance))[terms])
}
right <- ~ level + slope + since + sin1 + cos1 + sin2 + cos2
d <- add_terms(series)
fits <- list(
  quasipoisson = glm(update(right, deaths ~ . + offset(log(hens))), quasipoisson, d, control = tight),
  poisson = glm(update(right, deaths ~ . + offset(log(hens))), poisson, d, control = tight),
  negative_binomial = glm.nb(update(right, deaths ~ . + offset(log(hens))), d, control = glm.control(epsilon = 1e-12, maxit = 500)),
  gaussian = lm(update(right, score ~ .), d)
)
for (study in names(fits)) {
  fit <- fits[[study]]
  # R's quasi dispersion comes from the weights of the last step but one, which the tight control makes the same.
  keep_fit(study, "model", fit, vcov(fit))
  for (lag in c(0, 3, 6)) {
    keep_fit(study, paste("plain", lag), fit, NeweyWest(fit, lag = lag, prewhite = FALSE, adjust = FALSE))
    keep_fit(study, paste("adjusted", lag), fit, NeweyWest(fit, lag = lag, prewhite = FALSE, adjust = TRUE))
  }
  left <- residuals(fit, "pearson")
  for (lag in c(1, 12)) {
    test <- Box.test(left, lag, "Ljung-Box")
    keep(study, paste("box", lag), "statistic", test$statistic)
    keep(study, paste("box", lag), "p_value", test$p.value)
  }
  keep(study, "acf", paste("lag", 1:3), acf(left, 3, plot = FALSE)$acf[2:4])
}
keep("quasipoisson", "model", "dispersion", summary(fits$quasipoisson)$dispersion)
keep("negative_binomial", "model", "theta", fits$negative_binomial$theta)

# The same with months 7, 8, 20 and 41 missing: scores at their own months, nothing where there is no row.
gone <- c(7, 8, 20, 41)
short <- d[!d$month %in% gone, ]
fit <- glm(update(right, deaths ~ . + offset(log(hens))), quasipoisson, short, control = tight)
scores <- matrix(0, 60, length(coef(fit)), dimnames = list(NULL, names(coef(fit))))
scores[short$month + 1, ] <- estfun(fit)
meat <- crossprod(scores)
for (lag in 1:4) {
  beside <- t(scores[(1 + lag):60, ]) %*% scores[1:(60 - lag), ]
  meat <- meat + (1 - lag / 5) * (beside + t(beside))
}
inside <- bread(fit) / nobs(fit)
keep_fit("gaps", "plain 4", fit, inside %*% meat %*% inside)

# Three houses with levels of their own, counted in the same months, that share shocks.
houses <- merge(data.frame(house = c("a", "b", "c"), size = c(1, 1.5, 0.7)), data.frame(month = months))
houses <- houses[order(houses$house, houses$month), ]
houses$hens <- round(houses$size * series$hens[houses$month + 1])
houses$deaths <- rpois(nrow(houses), houses$size^0.5 * expected[houses$month + 1])
write.csv(houses[c("house", "month", "hens", "deaths")], "interrupted_houses.csv", row.names = FALSE, quote = FALSE)
h <- add_terms(houses)
fit <- glm(update(right, deaths ~ . + house + offset(log(hens))), quasipoisson, h, control = tight)
keep_fit("houses", "plain 3", fit,
         vcovPL(fit, cluster = h$house, order.by = h$month, lag = 3, kernel = "Bartlett", aggregate = TRUE, adjust = FALSE))

out <- do.call(rbind, rows)
out$estimate <- formatC(out$estimate, digits = 17, format = "g")
out$std_error <- ifelse(is.na(out$std_error), NA, formatC(out$std_error, digits = 17, format = "g"))
write.csv(out, "interrupted_estimates.csv", row.names = FALSE, quote = FALSE)
