# Writes real tables as CSV files with a column 'split', for the comparison with scikit-learn in docs/tables.md:
#
#   Rscript bench/peers/tables.R FOLDER      (Debian: r-base-core, r-cran-modeldata, r-cran-mlbench)
#
# The test rows are those that the tables' authors held out; an eighth of the others, chosen at random, validate.

folder <- commandArgs(trailingOnly = TRUE)[1]
stopifnot("expected the folder to write to" = !is.na(folder))
dir.create(folder, showWarnings = FALSE, recursive = TRUE)
set.seed(0, kind = "Mersenne-Twister", sample.kind = "Rejection")

write_table <- function(name, table, is_test) {
  table$split <- ifelse(is_test, "test", "train")
  others <- which(!is_test)
  table$split[sample(others, length(others) %/% 8)] <- "validation"
  write.csv(table, file.path(folder, paste0(name, ".csv")), row.names = FALSE, na = "")
}

# Customers of a telephone company, and whether they left: 15 numbers, 4 categories (MLC++, the last 1,667 of 5,000 are the test).
data("mlc_churn", package = "modeldata")
write_table("churn", mlc_churn, seq_len(nrow(mlc_churn)) > 3333)

# Shapes of printed letters: 16 numbers, 26 classes (Frey and Slate 1991, the last 4,000 of 20,000 are the test).
data("LetterRecognition", package = "mlbench")
write_table("letters", LetterRecognition, seq_len(nrow(LetterRecognition)) > 16000)

# Reviews of foods, and whether they gave five stars (McAuley and Leskovec 2013; 4,000 reviews and 1,000 for the test).
data("small_fine_foods", package = "modeldata")
reviews <- as.data.frame(rbind(training_data, testing_data))[c("review", "score")]
write_table("reviews", reviews, seq_len(nrow(reviews)) > nrow(training_data))
