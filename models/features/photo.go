package features

import (
	"math"

	"innate/models/graph"
	"innate/models/resize"
)

// photo prepares images as towers want them: in three channels, gray ones repeated,
// resized by Pillow's bicubic filter to bytes, and normalised.
type photo struct {
	// crop keeps an image's proportions: the shorter side becomes that of the tower's
	// images, and the centre is taken. Otherwise both sides do.
	crop bool

	// value is what a level of a channel becomes.
	value [3][256]float32
}

func init() {
	// clip is the rule of OpenAI's CLIP, and clean-fid's for it.
	Inputs.Add("clip", newPhoto(true, [3]float32{0.48145466, 0.4578275, 0.40821073}, [3]float32{0.26862954, 0.26130258, 0.27577711}).input())

	// dgm-eval is that tool's for DINOv2 (Stein et al. 2023).
	Inputs.Add("dgm-eval", newPhoto(false, [3]float32(imageNet.Mean), [3]float32(imageNet.Std)).input())
}

func newPhoto(crop bool, mean, std [3]float32) *photo {
	p := &photo{crop: crop}
	for c := range p.value {
		for level := range p.value[c] {
			v := float32(level) / 255
			v -= mean[c]
			p.value[c][level] = v / std[c]
		}
	}
	return p
}

func (p *photo) input() Input { return Input{Shape: p.shape, Fill: p.fill} }

// shape leaves images of neither one channel nor three as they are: a tower refuses
// them.
func (p *photo) shape(image graph.Shape) graph.Shape {
	if c := image[2]; c != 1 && c != 3 {
		return image
	}
	return graph.Shape{imageSide, imageSide, 3}
}

func (p *photo) fill(dst, src []float32, image graph.Shape) {
	h, w, c := image[0], image[1], image[2]
	bytes := make([]byte, len(src))
	for i, v := range src {
		bytes[i] = byte(math.Round(float64(v+1) * 127.5))
	}
	toH, toW := imageSide, imageSide
	if p.crop {
		toH, toW = shorter(h, w)
	}
	bytes = resize.Image(resize.Bicubic, bytes, h, w, c, toH, toW)
	top, left := middle(toH), middle(toW)
	for i := range dst {
		k, x, y := i%3, i/3%imageSide, i/3/imageSide
		dst[i] = p.value[k][bytes[((top+y)*toW+left+x)*c+min(k, c-1)]]
	}
}

// shorter is the size of an image whose shorter side becomes that of a tower's images.
func shorter(h, w int) (toH, toW int) {
	if h < w {
		return imageSide, imageSide * w / h
	}
	return imageSide * h / w, imageSide
}

// middle is where the centre of a side begins: half of what is left, to even as
// Python rounds.
func middle(side int) int { return int(math.RoundToEven(float64(side-imageSide) / 2)) }
