package metrics

import "fmt"

// Rows are vectors of one length in the order of their images, in float32 as the
// network gives them. They are all that the memory of a statistic grows by: 4 D
// bytes an image.
type Rows struct {
	width int
	room  int       // rows
	data  []float32 // [N D]
}

// NewRows has room for n vectors of width values.
func NewRows(n, width int) *Rows { return &Rows{width: width, room: n} }

// RowsOf wraps data [N width], which must not change afterwards.
func RowsOf(data []float32, width int) *Rows {
	if width < 1 || len(data)%width != 0 {
		panic(fmt.Sprintf("metrics: %d values, want rows of %d", len(data), width))
	}
	return &Rows{width: width, room: len(data) / width, data: data}
}

// N is the number of vectors.
func (r *Rows) N() int { return len(r.data) / r.width }

// Width is the length D of a vector.
func (r *Rows) Width() int { return r.width }

// Data returns all vectors [N D]; do not change them.
func (r *Rows) Data() []float32 { return r.data }

// Row returns vector i; do not change it.
func (r *Rows) Row(i int) []float32 { return r.data[i*r.width : (i+1)*r.width] }

// Pick returns the vectors of the given numbers, in their order.
func (r *Rows) Pick(index []int) *Rows {
	out := make([]float32, 0, len(index)*r.width)
	for _, i := range index {
		out = append(out, r.Row(i)...)
	}
	return RowsOf(out, r.width)
}

// Stats returns the moments of the vectors.
func (r *Rows) Stats() (Stats, error) {
	acc := NewAccumulator(r.width)
	acc.Add(r.data, r.N())
	return acc.Stats()
}

// wide writes vector i in float64.
func (r *Rows) wide(dst []float64, i int) {
	for k, v := range r.Row(i) {
		dst[k] = float64(v)
	}
}

// append adds vectors [n D].
func (r *Rows) append(rows []float32) {
	if r.data == nil { // memory is taken when the pass begins
		r.data = make([]float32, 0, r.room*r.width)
	}
	r.data = append(r.data, rows...)
}

// keptRows are rows that a pass collects.
type keptRows struct {
	name string
	*Rows
	of func(Batch) []float32
}

func (k keptRows) Add(b Batch) { k.append(k.of(b)) }
func (k keptRows) Reset()      { k.data = k.data[:0] }

// State is [N D], of at least one row, so that no array of it is empty.
func (k keptRows) State() []Sum {
	n := max(1, k.N())
	wide := make([]float64, n*k.width)
	for i, v := range k.data {
		wide[i] = float64(v)
	}
	return []Sum{{k.name, []int{n, k.width}, wide}}
}

func (k keptRows) Restore(n int, state []Sum) error {
	if len(state) != 1 || len(state[0].Data) != max(1, n)*k.width {
		return fmt.Errorf("metrics: state of %s: got %d arrays, want one of %d values", k.name, len(state), max(1, n)*k.width)
	}
	k.Reset()
	narrow := make([]float32, n*k.width)
	for i := range narrow {
		narrow[i] = float32(state[0].Data[i])
	}
	k.append(narrow)
	return nil
}
