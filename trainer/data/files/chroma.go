package files

import "image"

// JPEG and lossy WebP have chroma at half the resolution. Go's decoders leave it so,
// and its colours repeat every value; the libraries that everyone else decodes with
// interpolate, and a data set must be the same images to both. What follows is their
// arithmetic, integer by integer.

// colouring makes RGB of a decoded image with chroma, of whose values two pixels may
// share one.
type colouring struct {
	// upsample fills out [W] with row y of a plane of chroma.
	upsample func(out []byte, p plane, y int)

	rgb func(y, cb, cr int32) (r, g, b byte)
}

// plane is chroma [H W] as it lies in an image, without what pads it to whole blocks. A
// value stands for so many rows and columns of pixels.
type plane struct {
	pix           []byte
	stride        int
	h, w          int
	rows, columns int
}

// row is a row of the plane, the nearest one beyond its edges.
func (p plane) row(y int) []byte {
	at := min(max(y, 0), p.h-1) * p.stride
	return p.pix[at : at+p.w]
}

// planes are the two planes of chroma of an image that begins at (0, 0), as decoded
// ones do.
func planes(img *image.YCbCr) (cb, cr plane) {
	p := plane{stride: img.CStride, rows: 1, columns: 1}
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		p.columns = 2
	case image.YCbCrSubsampleRatio420:
		p.rows, p.columns = 2, 2
	case image.YCbCrSubsampleRatio440:
		p.rows = 2
	case image.YCbCrSubsampleRatio411:
		p.columns = 4
	case image.YCbCrSubsampleRatio410:
		p.rows, p.columns = 2, 4
	}
	b := img.Bounds()
	p.h, p.w = (b.Dy()+p.rows-1)/p.rows, (b.Dx()+p.columns-1)/p.columns
	cb, cr = p, p
	cb.pix, cr.pix = img.Cb, img.Cr
	return cb, cr
}

// picture makes the colours of an image.
func (c colouring) picture(img *image.YCbCr) Picture {
	b := img.Bounds()
	p := Picture{H: b.Dy(), W: b.Dx(), C: 3}
	p.Pix = make([]byte, 0, p.H*p.W*p.C)
	cbs, crs := planes(img)
	cb, cr := make([]byte, p.W), make([]byte, p.W)
	for y := range p.H {
		c.upsample(cb, cbs, y)
		c.upsample(cr, crs, y)
		for x, luma := range img.Y[y*img.YStride : y*img.YStride+p.W] {
			r, g, b := c.rgb(int32(luma), int32(cb[x]), int32(cr[x]))
			p.Pix = append(p.Pix, r, g, b)
		}
	}
	return p
}

// jpegColours are those of libjpeg-turbo, which Pillow and PyTorch decode with.
var jpegColours = colouring{triangle, jfif}

// triangle is libjpeg's "fancy upsampling" of chroma at half the width, half the height
// or both: a pixel is made of the nearest value by 3/4 and of the next nearest by 1/4,
// in each direction. Halves are rounded up and down in turn. Planes of two columns or
// less, and those of other ratios, repeat their values.
func triangle(out []byte, p plane, y int) {
	half := p.rows*p.columns > 1 && p.rows <= 2 && p.columns <= 2
	if !half || p.columns == 2 && p.w <= 2 {
		near := p.row(y / p.rows)
		for x := range out {
			out[x] = near[x/p.columns]
		}
		return
	}
	near, far := p.row(y/p.rows), []byte(nil)
	if p.rows == 2 {
		far = p.row(y/2 - 1 + y%2*2)
	}
	column := func(x int) int32 { // in quarters, if there is another row
		v := int32(near[x])
		if far != nil {
			v = 3*v + int32(far[x])
		}
		return v
	}
	if p.columns == 1 {
		for x := range out {
			out[x] = byte((column(x) + 1 + int32(y%2)) >> 2)
		}
		return
	}
	left, right, shift := int32(1), int32(2), 2 // what rounds the two pixels of a value
	if far != nil {
		left, right, shift = 8, 7, 4
	}
	before, here := column(0), column(0)
	for i := range p.w {
		after := column(min(i+1, p.w-1))
		out[2*i] = byte((3*here + before + left) >> shift)
		if 2*i+1 < len(out) {
			out[2*i+1] = byte((3*here + after + right) >> shift)
		}
		before, here = here, after
	}
}

// jfif makes RGB as libjpeg does: chroma's part of each colour is rounded to a whole
// level, with factors in units of 2^-16 (JFIF 1.02).
func jfif(y, cb, cr int32) (r, g, b byte) {
	const half = 1 << 15
	cb, cr = cb-128, cr-128
	return level(y + (91881*cr+half)>>16), // 1.40200
		level(y + (-22554*cb-46802*cr+half)>>16), // 0.34414, 0.71414
		level(y + (116130*cb+half)>>16) // 1.77200
}

// level is v within what a byte holds.
func level(v int32) byte { return byte(min(max(v, 0), 255)) }

// webpColours are those of libwebp.
var webpColours = colouring{diamond, video}

// diamond is libwebp's interpolation of chroma at half the width and height: of the
// four values around a pixel the nearest counts 9/16, the two beside it 3/16 and that
// across 1/16, in two steps that both round down.
func diamond(out []byte, p plane, y int) {
	near, far := p.row(y/2), p.row(y/2-1+y%2*2)
	for x := range out {
		i := x / 2
		j := min(max(i-1+x%2*2, 0), p.w-1) // the next nearest column
		if i == j {
			out[x] = byte((3*int32(near[i]) + int32(far[i]) + 2) >> 2)
			continue
		}
		a, b, c, d := int32(near[i]), int32(near[j]), int32(far[i]), int32(far[j])
		beside := (a + b + c + d + 8 + 2*(b+c)) >> 3
		out[x] = byte((a + beside) >> 1)
	}
}

// video makes RGB of levels from 16 to 235, as libwebp does (ITU-R BT.601), in units of
// 2^-6 of a level.
func video(y, cb, cr int32) (r, g, b byte) {
	part := func(v, factor int32) int32 { return v * factor >> 8 }
	luma := part(y, 19077)
	return level((luma + part(cr, 26149) - 14234) >> 6),
		level((luma - part(cb, 6419) - part(cr, 13320) + 8708) >> 6),
		level((luma + part(cb, 33050) - 17685) >> 6)
}
