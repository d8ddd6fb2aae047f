# Moran's I: spdep's moran.test, localmoran and EBImoran.mc on made-up places, for
# tests/patterns/autocorrelation/test_moran.py, and a check of the published figures for the crime rates of Columbus.
# Run: cd tests/referee/r && Rscript --vanilla moran.R
suppressPackageStartupMessages(library(spdep))

set.seed(5)
n <- 120
points <- data.frame(x = round(runif(n, 0, 10), 4), y = round(runif(n, 0, 10), 4))
points$value <- round(2 * sin(points$x / 2) + points$y / 5 + rnorm(n), 4)
points$population <- round(exp(rnorm(n, 5, 1.2))) + 1
points$cases <- rpois(n, points$population * 0.05 * exp(0.25 * sin(points$x / 2)))

rows <- list()
keep <- function(what, statistic, expected = NA, variance = NA) {
  rows[[length(rows) + 1]] <<- data.frame(what, statistic, expected, variance)
}
moran <- function(what, values, weights) {
  m <- moran.test(values, weights, randomisation = TRUE, alternative = "two.sided")$estimate
  keep(what, m[[1]], m[[2]], m[[3]])
}

at <- as.matrix(points[c("x", "y")])
near <- nb2listw(knn2nb(knearneigh(at, 6)), style = "W")
band <- nb2listw(dnearneigh(at, 0, 1.8), style = "W")
moran("nearest 6", points$value, near)
moran("within 1.8", points$value, band)
eb <- EBImoran.mc(points$cases, points$population, near, nsim = 99)
keep("rates, nearest 6", eb$statistic[[1]])

points$i <- localmoran(points$value, near, mlvar = FALSE)[, 1]
points$i_band <- localmoran(points$value, band, mlvar = FALSE)[, 1]
# Local p-values by conditional shuffling, from the nearer end, many times over: esda's are compared within chance.
permuted <- localmoran_perm(points$value, near, nsim = 19999, mlvar = FALSE)
points$p_folded <- permuted[, "Pr(folded) Sim"]
points$quadrant <- attr(permuted, "quadr")$mean
write.csv(points, "moran_places.csv", row.names = FALSE, quote = FALSE)
write.csv(do.call(rbind, rows), "moran_whole.csv", row.names = FALSE, quote = TRUE)

# The data are others' (package spData), so only the figures are here.
data(oldcol)
crime <- moran.test(COL.OLD$CRIME, nb2listw(COL.nb, style = "W"))
stopifnot(
  abs(crime$estimate - c(0.51095126408, -1 / 48, 0.00890876156)) < 1e-10,
  abs(crime$statistic - 5.634132894) < 1e-8
)
