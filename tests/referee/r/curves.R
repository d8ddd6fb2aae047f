# Curves within count models: what splines::ns in a glm and mgcv::gam give, for tests/stats/test_curves.py.
# Run: cd tests/referee/r && Rscript --vanilla curves.R   (after counts.R, whose made-up panel it reads)
suppressPackageStartupMessages({library(splines); library(sandwich); library(mgcv)})
panel <- read.csv("counts_panel.csv")
at <- c(1.2, 1.8, 2.4, 3.0, 3.6, 4.0)
reference <- 2.5
rows <- list()
keep <- function(study, values, ratio, error, extra = NA) {
  rows[[length(rows) + 1]] <<- data.frame(study, at = values, log_ratio = ratio, std_error = error, extra)
}
tight <- glm.control(epsilon = 1e-14, maxit = 200)

# A restricted cubic spline spans the same curves as ns() with the outer knots as boundary.
knots <- c(1.5, 2.3, 3.0, 3.7)
basis <- function(x) ns(x, knots = knots[2:3], Boundary.knots = knots[c(1, 4)])
for (study in c("plain", "effects")) {
  used <- panel
  right <- if (study == "plain") "basis(speed) + dense" else "basis(speed) + factor(plant) + factor(year)"
  fit <- glm(as.formula(paste("deaths ~", right)), poisson, used, offset = log(animals), control = tight)
  spline <- grep("^basis", names(coef(fit)))
  contrast <- basis(at) - matrix(basis(reference), length(at), 3, byrow = TRUE)
  covariance <- if (study == "plain") vcovCL(fit, cluster = used$district, type = "HC1") else
    vcovCL(fit, cluster = used$district, type = "HC0", cadjust = FALSE)
  spread <- contrast %*% covariance[spline, spline] %*% t(contrast)
  keep(study, at, as.vector(contrast %*% coef(fit)[spline]), sqrt(diag(spread)))
  if (study == "plain") {
    # Straight line: the second and third of Harrell's columns are 0. Wald's test, F with 11 degrees of freedom below.
    k <- knots
    cube <- function(x) pmax(x, 0)^3
    harrell <- function(x) cbind(x, sapply(1:2, function(j)
      (cube(x - k[j]) - cube(x - k[3]) * (k[4] - k[j]) / (k[4] - k[3]) + cube(x - k[4]) * (k[3] - k[j]) / (k[4] - k[3])) /
        (k[4] - k[1])^2))
    fit <- glm(deaths ~ harrell(speed) + dense, poisson, used, offset = log(animals), control = tight)
    covariance <- vcovCL(fit, cluster = used$district, type = "HC1")
    wald <- as.numeric(t(coef(fit)[3:4]) %*% solve(covariance[3:4, 3:4], coef(fit)[3:4]))
    keep("nonlinearity", NA, NA, NA, pf(wald / 2, 2, 11, lower.tail = FALSE))
  }
}

smooth <- function(study, family) {
  fit <- gam(deaths ~ s(speed, bs = "cr", k = 10) + dense, family = family, data = panel, offset = log(animals),
             method = "REML", control = gam.control(epsilon = 1e-10, newton = list(conv.tol = 1e-9), scalePenalty = TRUE,
                                                      scale.est = "pearson"))
  rows_at <- predict(fit, data.frame(speed = c(at, reference), dense = 0, animals = 1), type = "lpmatrix")
  contrast <- rows_at[seq_along(at), ] - matrix(rows_at[length(at) + 1, ], length(at), ncol(rows_at), byrow = TRUE)
  keep(study, at, as.vector(contrast %*% coef(fit)), sqrt(diag(contrast %*% vcov(fit, sandwich = TRUE) %*% t(contrast))),
       sum(fit$edf) - 2)
}
smooth("penalised poisson", poisson())
smooth("penalised quasipoisson", quasipoisson())

out <- do.call(rbind, rows)
for (name in c("at", "log_ratio", "std_error", "extra")) out[[name]] <- format(out[[name]], digits = 17, trim = TRUE)
write.csv(out, "curves_estimates.csv", row.names = FALSE, quote = FALSE)
