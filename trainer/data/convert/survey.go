package convert

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"innate/trainer/data/files"
)

// Report is what a collection holds, or what was made of it.
type Report struct {
	Format      string   `json:"format"` // in which it lies
	Images      int      `json:"images"` // that are whole
	Broken      []string `json:"broken"` // images that are not, each with the reason
	LeftOut     int      `json:"left_out,omitempty"`
	Sizes       []Count  `json:"sizes"`   // most frequent first
	Classes     []Count  `json:"classes"` // in their order; empty for none
	LabelDim    int      `json:"label_dim"`
	Fingerprint string   `json:"fingerprint"`
}

// Count is how many images are of a size or a class.
type Count struct {
	Name string `json:"name"`
	N    int    `json:"images"`
}

// Sheet is the images for a contact sheet: squares of Side pixels, of three channels.
type Sheet struct {
	Side   int
	Images [][]byte
}

// sheetSide is the pixels of a side of what is shown of an image, at most.
const sheetSide = 64

// Survey decodes every image of a collection. Broken ones are named, and of the whole
// ones about so many, from all over the collection, are for a contact sheet.
func Survey(ctx context.Context, c files.Collection, format string, show int) (Report, Sheet, error) {
	r := newReport(c, format)
	every := max(c.Len()/max(show, 1), 1)
	sheet := Sheet{Side: sheetSide}
	sizes, classes := map[string]int{}, make([]int, c.Labels().Dim)
	err := inOrder(ctx, c.Len(), func(i int) read { return decode(c, i) }, func(i int, d read) error {
		if d.err != nil {
			return r.note(d.err)
		}
		r.count(c, i, d.Shape(), sizes, classes)
		if i%every == 0 && len(sheet.Images) < show {
			t := Transform{CenterCrop, sheetSide, sheetSide}
			small, _ := t.Apply(d.Picture)
			sheet.Images = append(sheet.Images, small.Pix)
		}
		return nil
	})
	r.sum(c.Labels(), sizes, classes)
	return r, sheet, err
}

func newReport(c files.Collection, format string) Report {
	return Report{Format: format, Broken: []string{}, Sizes: []Count{}, Classes: []Count{}, LabelDim: c.Labels().Dim, Fingerprint: c.Fingerprint()}
}

// note names a broken image; other errors end the reading.
func (r *Report) note(err error) error {
	if damage := (*files.Damaged)(nil); !errors.As(err, &damage) {
		return err
	}
	r.Broken = append(r.Broken, err.Error())
	return nil
}

func (r *Report) count(c files.Collection, i int, shape string, sizes map[string]int, classes []int) {
	r.Images++
	sizes[shape]++
	if l := c.Labels(); l.Classes != nil {
		classes[l.Classes[i]]++
	}
}

func (r *Report) sum(l files.Labels, sizes map[string]int, classes []int) {
	for name, n := range sizes {
		r.Sizes = append(r.Sizes, Count{name, n})
	}
	slices.SortFunc(r.Sizes, func(a, b Count) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.Name, b.Name)
	})
	if l.Classes == nil {
		return
	}
	for k, n := range classes {
		name := fmt.Sprint(k)
		if l.Names != nil {
			name = l.Names[k]
		}
		r.Classes = append(r.Classes, Count{name, n})
	}
}

// read is an image, or why there is none.
type read struct {
	files.Picture
	err error
}

func decode(c files.Collection, i int) read {
	p, err := c.Decode(i, nil)
	return read{p, err}
}

// inOrder does work for 0 to n-1 on every core and hands what comes of it to take, in
// order. No more wait than there are cores.
func inOrder[T any](ctx context.Context, n int, work func(i int) T, take func(i int, v T) error) error {
	queue := make(chan chan T, runtime.GOMAXPROCS(0))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		defer close(queue)
		for i := range n {
			one := make(chan T, 1)
			select {
			case queue <- one:
			case <-ctx.Done():
				return
			}
			go func() { one <- work(i) }()
		}
	}()
	i := 0
	for one := range queue {
		if err := take(i, <-one); err != nil {
			return err
		}
		i++
	}
	return ctx.Err()
}
