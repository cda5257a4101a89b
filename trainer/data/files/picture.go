package files

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"

	"golang.org/x/image/webp"

	"innate/models/npz"
)

// Picture is a decoded image of 8 bits a channel.
type Picture struct {
	Pix     []byte // [H W C]
	H, W, C int    // C is 1 or 3
}

// Shape says how large the picture is, as errors have it.
func (p Picture) Shape() string { return shapeOf(p.H, p.W, p.C) }

// Colour makes RGB of a gray picture, and leaves others as they are.
func Colour(p Picture) Picture {
	if p.C == 3 {
		return p
	}
	out := Picture{Pix: make([]byte, 3*len(p.Pix)), H: p.H, W: p.W, C: 3}
	for i, v := range p.Pix {
		out.Pix[3*i], out.Pix[3*i+1], out.Pix[3*i+2] = v, v, v
	}
	return out
}

// oneOf makes gray of a picture whose channels are the same.
func oneOf(p Picture) Picture {
	out := Picture{Pix: make([]byte, p.H*p.W), H: p.H, W: p.W, C: 1}
	for i := range out.Pix {
		out.Pix[i] = p.Pix[3*i]
	}
	return out
}

func shapeOf(h, w, c int) string { return fmt.Sprintf("%dx%dx%d", h, w, c) }

// Damaged is an image that cannot be read for what its file holds. Other errors of
// reading are of disks and permissions.
type Damaged struct {
	Member string // where it lies
	Err    error
}

func (d *Damaged) Error() string { return d.Member + ": " + d.Err.Error() }
func (d *Damaged) Unwrap() error { return d.Err }

// about names the member of an error; what no operating system said is damage.
func about(member string, err error) error {
	var disk *fs.PathError
	if err == nil || errors.As(err, &disk) {
		return err
	}
	return &Damaged{member, err}
}

// What one image may be.
const (
	maxEncoded = 64 << 20 // bytes of its file
	maxArray   = 8 << 20  // of an npy file, whose elements take eight times that for a moment
	maxPixels  = 1 << 26
	// maxRatio is how many pixels a byte of a file may stand for: no picture that is
	// worth training on comes near it.
	maxRatio = 16 << 10
)

// fits is asked whether an image of a size is wanted, before it is decoded; nil wants
// any.
type fits func(h, w int) error

// decode decodes the bytes of an image file by their content.
func decode(b []byte, want fits) (Picture, error) {
	kind, ok := kindOf(b)
	if !ok {
		return Picture{}, fmt.Errorf("starts with %.8q, want a PNG, JPEG, WebP or npy image", b[:min(len(b), 8)])
	}
	if kind.decode == nil {
		return decodeArray(b, want)
	}
	config, err := kind.config(bytes.NewReader(b))
	if err != nil {
		return Picture{}, err
	}
	if err := allowed(config.Height, config.Width, len(b), want); err != nil {
		return Picture{}, err
	}
	img, err := kind.decode(bytes.NewReader(b))
	if err != nil {
		return Picture{}, err
	}
	p := fromImage(img, kind.colours)
	if kind.gray != nil && kind.gray(b) && p.C == 3 {
		p = oneOf(p)
	}
	return p, nil
}

// allowed bounds what the header of an image of size bytes says of it.
func allowed(h, w, size int, want fits) error {
	switch {
	case h < 1 || w < 1:
		return fmt.Errorf("image of %dx%d, want at least one pixel", h, w)
	case h > maxPixels/w || h*w/maxRatio > size:
		return fmt.Errorf("image of %dx%d in %d bytes, want at most %d pixels, and %d a byte", h, w, size, maxPixels, maxRatio)
	case want == nil:
		return nil
	}
	return want(h, w)
}

// kind is a format of images.
type kind struct {
	magic   string // at the beginning; a dot is any byte
	config  func(*bytes.Reader) (image.Config, error)
	decode  func(*bytes.Reader) (image.Image, error) // nil for arrays
	colours colouring                                // of images with chroma
	gray    func(b []byte) bool                      // those that are gray, though they may decode to colours
}

var kinds = []kind{
	{"\x89PNG\r\n\x1a\n", func(r *bytes.Reader) (image.Config, error) { return png.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return png.Decode(r) }, colouring{}, grayPNG},
	{"\xff\xd8", func(r *bytes.Reader) (image.Config, error) { return jpeg.DecodeConfig(r) }, func(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) }, jpegColours, nil},
	{"RIFF....WEBP", webpConfig, func(r *bytes.Reader) (image.Image, error) { return webp.Decode(r) }, webpColours, nil},
	{"\x93NUMPY", nil, nil, colouring{}, nil},
}

// grayPNG reports whether a PNG is gray by its header, with transparency or without:
// with it Go decodes one to colours.
func grayPNG(b []byte) bool {
	const colourType = 25 // the byte: 0 is gray, 4 has alpha beside it
	return len(b) > colourType && (b[colourType] == 0 || b[colourType] == 4)
}

// webpConfig is the header of a WebP, which must be of one image.
func webpConfig(r *bytes.Reader) (image.Config, error) {
	head := make([]byte, 21) // RIFF, the size, WEBP, the first chunk's name and size, its flags
	if _, err := r.ReadAt(head, 0); err == nil && string(head[12:16]) == "VP8X" && head[20]&2 != 0 {
		return image.Config{}, errors.New("an animation, want one image")
	}
	return webp.DecodeConfig(r)
}

func kindOf(b []byte) (kind, bool) {
	for _, k := range kinds {
		ok := len(b) >= len(k.magic)
		for i := 0; ok && i < len(k.magic); i++ {
			ok = k.magic[i] == '.' || k.magic[i] == b[i]
		}
		if ok {
			return k, true
		}
	}
	return kind{}, false
}

// fromImage takes the bytes of an image: gray stays gray, an alpha channel is left out
// as Pillow does, and of 16 bits the upper 8 remain.
func fromImage(img image.Image, colours colouring) Picture {
	switch img := img.(type) {
	case *image.YCbCr:
		return colours.picture(img)
	case *image.NYCbCrA:
		return colours.picture(&img.YCbCr)
	}
	b := img.Bounds()
	p := Picture{H: b.Dy(), W: b.Dx(), C: 3}
	switch img.(type) {
	case *image.Gray, *image.Gray16:
		p.C = 1
	}
	p.Pix = make([]byte, p.H*p.W*p.C)
	for y := range p.H {
		row(p.Pix[y*p.W*p.C:(y+1)*p.W*p.C], img, b.Min.X, b.Min.Y+y)
	}
	return p
}

// row writes one row of an image, from x on.
func row(out []byte, img image.Image, x, y int) {
	switch img := img.(type) {
	case *image.Gray:
		copy(out, img.Pix[img.PixOffset(x, y):])
	case *image.Gray16:
		in := img.Pix[img.PixOffset(x, y):]
		for i := range out {
			out[i] = in[2*i]
		}
	case *image.RGBA: // what png makes of RGB
		colours(out, img.Pix[img.PixOffset(x, y):], 1)
	case *image.NRGBA:
		colours(out, img.Pix[img.PixOffset(x, y):], 1)
	case *image.RGBA64:
		colours(out, img.Pix[img.PixOffset(x, y):], 2)
	case *image.NRGBA64:
		colours(out, img.Pix[img.PixOffset(x, y):], 2)
	default:
		for i := 0; i < len(out); i += 3 {
			c := color.NRGBAModel.Convert(img.At(x+i/3, y)).(color.NRGBA)
			out[i], out[i+1], out[i+2] = c.R, c.G, c.B
		}
	}
}

// colours takes red, green and blue of four channels of so many bytes each.
func colours(out, in []byte, width int) {
	for i := 0; i < len(out); i += 3 {
		out[i], out[i+1], out[i+2] = in[0], in[width], in[2*width]
		in = in[4*width:]
	}
}

// decodeArray decodes an npy member as EDM has them: bytes [C H W], or [H W].
func decodeArray(b []byte, want fits) (Picture, error) {
	if len(b) > maxArray {
		return Picture{}, fmt.Errorf("npy of %d bytes, want at most %d", len(b), maxArray)
	}
	a, err := npz.ReadArray(bytes.NewReader(b))
	if err != nil {
		return Picture{}, err
	}
	p := Picture{C: 1}
	switch s := a.Shape; len(s) {
	case 2:
		p.H, p.W = s[0], s[1]
	case 3:
		p.C, p.H, p.W = s[0], s[1], s[2]
	}
	if a.Descr != "|u1" || p.C != 1 && p.C != 3 || p.H < 1 || p.W < 1 {
		return Picture{}, fmt.Errorf("npy of %s %v, want bytes (|u1) of [H W], [1 H W] or [3 H W]", a.Descr, a.Shape)
	}
	if want != nil {
		if err := want(p.H, p.W); err != nil {
			return Picture{}, err
		}
	}
	p.Pix = make([]byte, len(a.Data))
	plane := p.H * p.W
	for i := range plane {
		for c := range p.C {
			p.Pix[i*p.C+c] = byte(a.Data[c*plane+i])
		}
	}
	return p, nil
}
