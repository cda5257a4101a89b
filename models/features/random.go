package features

import (
	"math"
	"math/rand/v2"
)

// randomSeed is that of the network that is built in as mnist-random-cnn.
const randomSeed = 64

// NewRandom builds a network that has learned nothing: weights from N(0, 2/fanIn) (He et
// al. 2015, eq. 10), biases zero, from a generator of their own. Its features prefer
// no class and no data set, and no discriminator was trained against them, so that a
// distance over them is a second opinion beside that over learned ones; it weighs
// coarse shape and contrast, not what makes a digit (Naeem et al. 2020, section 4.1,
// whose R64 are 64 such features, of VGG16).
func NewRandom(cfg Config, seed uint64) (*Net, error) {
	n, err := New(cfg, nil)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, seed))
	for _, l := range cfg.layout() {
		weight := n.Params.Get(l.unit + ".weight").Data
		std := math.Sqrt(2 / float64(len(weight)/l.shape[0]))
		for i := range weight {
			weight[i] = float32(std * rng.NormFloat64())
		}
	}
	return n, nil
}

// MNISTRandom is what is built in as mnist-random-cnn: of the shape of mnist-fid-cnn,
// 64 features.
func MNISTRandom() *Net {
	n, err := NewRandom(Config{Channels: 1, Widths: []int{16, 32, 64}, Classes: 10}, randomSeed)
	if err != nil {
		panic(err) // of a constant
	}
	return n
}
