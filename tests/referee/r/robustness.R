# p-values adjusted for how many there are, by stats::p.adjust. Writes robustness_p.csv beside this file.

families <- list(
  bh1995 = c(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
             0.7590, 1),
  ties = c(0.04, 0.01, 0.04, 0.01, 0.9, 0.04),
  one = 0.03,
  ends = c(0, 1, 0.5, 0),
  missing = c(0.02, NA, 0.5, 0.001, NA, 0.04)
)
methods <- c(holm = "holm", bonferroni = "bonferroni", bh = "BH", by = "BY")

adjusted <- function(family, method, counted) {
  p <- families[[family]]
  n <- if (counted) length(p) else sum(!is.na(p))
  data.frame(family = family, method = method, count_missing = counted, place = seq_along(p), p = p,
             adjusted = p.adjust(p, methods[[method]], n = n))
}
cases <- expand.grid(family = names(families), method = names(methods), counted = c(FALSE, TRUE),
                     stringsAsFactors = FALSE)
out <- do.call(rbind, Map(adjusted, cases$family, cases$method, cases$counted))
out[] <- lapply(out, function(x) if (is.double(x)) trimws(formatC(x, digits = 17, format = "g")) else x)
write.csv(out, "robustness_p.csv", row.names = FALSE, quote = FALSE)
