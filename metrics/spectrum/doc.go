// Package spectrum factors symmetric matrices and finds their eigenvalues, in float64
// and by blocks, so that most of the work is matrix products: what a Fréchet distance
// of features of thousands of dimensions costs.
//
// Matrices are [n n] row-major and only what is on and above the diagonal is read.
// Results do not depend on the number of threads.
package spectrum
