//go:build (amd64 || arm64) && !purego

package kernels

// This file has what joins any assembly to the dispatch table.

// shortRow is the most values that a tiled row has.
const shortRow = 128

// tiled repeats a row of coefficients in buf until it is a whole number of
// vectors, if it can be, and long enough to hide the cost of starting a row.
// Coefficients of a long row, or of one with no short multiple, stay as they are.
func tiled(buf *[shortRow]float32, coef []float32, lanes int) []float32 {
	c := len(coef)
	if c == 0 || c > shortRow/2 {
		return coef
	}
	best := 0
	for n := c; n <= shortRow; n += c {
		if n%lanes == 0 {
			best = n
		}
	}
	if best <= c {
		return coef
	}
	for n := 0; n < best; n += c {
		copy(buf[n:], coef)
	}
	return buf[:best]
}

// wholeTurns is how many of n values the float64 sums take, in turns of four
// half-vectors.
func wholeTurns(n, lanes int) int { return n - n%(2*lanes) }

// rowCount is the number of rows of len(row) channels in x.
func rowCount(x, row []float32) int {
	if len(row) == 0 {
		return 0
	}
	return len(x) / len(row)
}
