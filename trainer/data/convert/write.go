package convert

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/bits"
	"strings"

	"innate/models/atomicfile"
	"innate/trainer/data/files"
)

// Write makes EDM's zip of a collection at path: stored PNGs without compression, named
// by their number among all images of the source, and dataset.json. Images that are
// broken, or too small for the transform, are left out. The file appears complete or
// not at all.
func Write(ctx context.Context, path string, c files.Collection, format string, t Transform) (r Report, err error) {
	if err := t.Check(); err != nil {
		return r, err
	}
	err = atomicfile.Write(path, atomicfile.SyncFile, func(w io.Writer) error {
		r, err = WriteTo(ctx, w, c, format, t)
		return err
	})
	return r, err
}

// WriteTo is Write to a stream.
func WriteTo(ctx context.Context, w io.Writer, c files.Collection, format string, t Transform) (Report, error) {
	r := newReport(c, format)
	sizes, classes := map[string]int{}, make([]int, c.Labels().Dim)
	z := zip.NewWriter(w)
	var labels labelWriter
	shape, first := "", ""
	made := func(i int) encoded { return encode(c, i, format, t) }
	err := inOrder(ctx, c.Len(), made, func(i int, e encoded) error {
		switch {
		case e.err != nil:
			return r.note(e.err)
		case e.png == nil:
			r.LeftOut++
			return nil
		case shape == "":
			if err := trainable(e.Picture); err != nil {
				return fmt.Errorf("convert: %s: %w", c.Member(i), err)
			}
			shape, first = e.Shape(), c.Member(i)
		case e.Shape() != shape:
			return fmt.Errorf("convert: %s is %s, %s is %s: want one size, by --resolution", first, shape, c.Member(i), e.Shape())
		}
		name := fmt.Sprintf("%05d/img%08d.png", i/1000, i)
		r.count(c, i, shape, sizes, classes)
		labels.add(name, c.Labels(), i)
		return store(z, name, e.png)
	})
	if err != nil {
		return r, err
	}
	switch {
	case r.Images == 0 && len(r.Broken) > 0:
		return r, fmt.Errorf("convert: none of %d images can be used: %s", c.Len(), r.Broken[0])
	case r.Images == 0:
		return r, fmt.Errorf("convert: none of %d images can be used: %d are too small", c.Len(), r.LeftOut)
	}
	if err := store(z, files.LabelFile, labels.file()); err != nil {
		return r, err
	}
	r.sum(c.Labels(), sizes, classes)
	return r, z.Close()
}

// trainable refuses images that EDM's readers do.
func trainable(p files.Picture) error {
	if p.H != p.W || bits.OnesCount(uint(p.W)) != 1 {
		return fmt.Errorf("image of %s, want a square whose side is a power of two: give --resolution, and --transform unless it may be stretched", p.Shape())
	}
	return nil
}

// encoded is an image as it is written; without png one that is left out.
type encoded struct {
	files.Picture
	png []byte
	err error
}

func encode(c files.Collection, i int, format string, t Transform) encoded {
	p, err := c.Decode(i, nil)
	if err != nil {
		return encoded{err: err}
	}
	if format == "idx" && p.H == 28 && p.W == 28 {
		p = pad(p, 2) // as EDM does with MNIST
	}
	p, ok := t.Apply(p)
	if !ok {
		return encoded{}
	}
	b, err := encodePNG(p)
	return encoded{p, b, err}
}

// encodePNG encodes without compression: training reads such images fastest.
func encodePNG(p files.Picture) ([]byte, error) {
	var img image.Image
	if p.C == 1 {
		img = &image.Gray{Pix: p.Pix, Stride: p.W, Rect: image.Rect(0, 0, p.W, p.H)}
	} else {
		rgb := image.NewRGBA(image.Rect(0, 0, p.W, p.H)) // opaque: three channels
		for i := range p.H * p.W {
			copy(rgb.Pix[4*i:], p.Pix[3*i:3*i+3])
			rgb.Pix[4*i+3] = 255
		}
		img = rgb
	}
	var b bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img)
	return b.Bytes(), err
}

func store(z *zip.Writer, name string, b []byte) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// labelWriter makes the text of dataset.json, spaced as Python does.
type labelWriter struct {
	pairs strings.Builder
	none  bool
}

func (l *labelWriter) add(name string, all files.Labels, i int) {
	var label any
	switch {
	case all.Classes != nil:
		label = all.Classes[i]
	case all.Vectors != nil:
		label = all.Vectors[i]
	default:
		l.none = true
		return
	}
	if l.pairs.Len() > 0 {
		l.pairs.WriteString(", ")
	}
	b, _ := json.Marshal(label) // finite numbers always encode
	fmt.Fprintf(&l.pairs, "[%q, %s]", name, strings.ReplaceAll(string(b), ",", ", "))
}

func (l *labelWriter) file() []byte {
	if l.none {
		return []byte(`{"labels": null}`)
	}
	return []byte(`{"labels": [` + l.pairs.String() + `]}`)
}
