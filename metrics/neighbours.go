package metrics

import (
	"fmt"
	"slices"
)

// Distances are computed for so many vectors at once against all others, of which
// so many are converted at a time.
const (
	rowsAtOnce    = 16
	columnsAtOnce = 128
)

// cancelled is the share of two squared lengths below which their squared distance
// has lost too many digits and is summed from differences.
const cancelled = 1e-6

// eachDistance calls f for every vector of a, in any order and from that many
// goroutines, with the squares of its distances to all vectors of b. The distance of
// a pair is the same number wherever it stands and whichever comes first. row is
// overwritten afterwards.
func eachDistance(workers int, a, b *Rows, f func(worker, i int, row []float64)) {
	d := a.Width()
	lengthsA, lengthsB := squares(a), squares(b)
	type scratch struct{ rows, columns, out []float64 }
	buffers := make([]scratch, workers)
	for w := range buffers {
		buffers[w] = scratch{make([]float64, rowsAtOnce*d), make([]float64, columnsAtOnce*d), make([]float64, rowsAtOnce*b.N())}
	}
	parallel(workers, (a.N()+rowsAtOnce-1)/rowsAtOnce, func(worker, tile int) {
		s := &buffers[worker]
		first := tile * rowsAtOnce
		n := min(rowsAtOnce, a.N()-first)
		for i := range n {
			a.wide(s.rows[i*d:(i+1)*d], first+i)
		}
		for from := 0; from < b.N(); from += columnsAtOnce {
			to := min(from+columnsAtOnce, b.N())
			for j := from; j < to; j++ {
				b.wide(s.columns[(j-from)*d:(j-from+1)*d], j)
			}
			for i := range n {
				u := s.rows[i*d : (i+1)*d]
				for j := from; j < to; j++ {
					s.out[i*b.N()+j] = distance(u, s.columns[(j-from)*d:(j-from+1)*d], lengthsA[first+i], lengthsB[j])
				}
			}
		}
		for i := range n {
			f(worker, first+i, s.out[i*b.N():(i+1)*b.N()])
		}
	})
}

// distance is the square of |u - v|, given the squares of the lengths.
func distance(u, v []float64, uu, vv float64) float64 {
	both := uu + vv
	if square := both - 2*dot(u, v); square > cancelled*both {
		return square
	}
	square := 0.0
	for k, x := range u {
		square += (x - v[k]) * (x - v[k])
	}
	return square
}

// squares of the lengths of all vectors.
func squares(r *Rows) []float64 {
	out := make([]float64, r.N())
	row := make([]float64, r.Width())
	for i := range out {
		r.wide(row, i)
		out[i] = dot(row, row)
	}
	return out
}

// radii are the squared distances of every vector from its k-th nearest neighbour
// among the others, for each k of ks, ascending: [len(ks)][N].
func radii(r *Rows, ks []int) ([][]float64, error) {
	most := ks[len(ks)-1]
	if r.N() <= most {
		return nil, fmt.Errorf("metrics: neighbours: set of %d images, want more than %d", r.N(), most)
	}
	out := make([][]float64, len(ks))
	for k := range out {
		out[k] = make([]float64, r.N())
	}
	eachDistance(threads(), r, r, func(_, i int, row []float64) {
		nearest := make([]float64, 0, most+1)
		for j, v := range row {
			if j == i || len(nearest) == most && v >= nearest[most-1] {
				continue
			}
			at, _ := slices.BinarySearch(nearest, v)
			nearest = slices.Insert(nearest, at, v)
			nearest = nearest[:min(most, len(nearest))]
		}
		for q, k := range ks {
			out[q][i] = nearest[k-1]
		}
	})
	return out, nil
}
