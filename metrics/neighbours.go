package metrics

import (
	"fmt"
	"slices"
)

// Distances are computed for so many vectors at once against all others, of which
// so many are converted at a time.
const (
	rowsAtOnce    = 96
	columnsAtOnce = 256
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
	type scratch struct {
		serial                   serial
		rows, columns, dots, out []float64
	}
	buffers := make([]scratch, workers)
	for w := range buffers {
		s := &buffers[w]
		s.rows, s.columns = make([]float64, rowsAtOnce*d), make([]float64, columnsAtOnce*d)
		s.dots, s.out = make([]float64, rowsAtOnce*columnsAtOnce), make([]float64, rowsAtOnce*b.N())
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
			m := to - from
			s.serial.dots(s.dots[:n*m], s.rows[:n*d], s.columns[:m*d], n, m, d, false)
			for i := range n {
				for j := range m {
					u, v := s.rows[i*d:(i+1)*d], s.columns[j*d:(j+1)*d]
					s.out[i*b.N()+from+j] = distance(u, v, s.dots[i*m+j], lengthsA[first+i], lengthsB[from+j])
				}
			}
		}
		for i := range n {
			f(worker, first+i, s.out[i*b.N():(i+1)*b.N()])
		}
	})
}

// distance is the square of |u - v|, given their product and the squares of the lengths.
func distance(u, v []float64, uv, uu, vv float64) float64 {
	both := uu + vv
	if square := both - 2*uv; square > cancelled*both {
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
		for _, v := range row {
			out[i] += float64(v * v)
		}
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
