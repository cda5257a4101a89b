package unet

import "fmt"

// role says where a block stands in its level.
type role int

const (
	roleEnc  role = iota // an encoder block
	roleDown             // opens an encoder level below the first
	roleIn0              // opens the lowest decoder level
	roleIn1              // follows it
	roleUp               // opens a decoder level above the lowest
	roleDec              // a decoder block, fed with a skip connection
)

// blockShape is what a residual block is built from.
type blockShape struct {
	role      role
	name      string // after the resolution: "block0", "down", "up", "in0", "in1"
	in, out   int    // channels
	resample  resample
	attention bool
}

// walk visits the blocks (with "enc" or "dec") and the bare convolutions
// ("conv", "aux_residual"; conv may be nil) in the order of the state dict. It
// returns the channels of the last block.
func walk(cfg Config, visit func(part string, resolution int, s blockShape), conv func(resolution int, name string, in, out int)) int {
	if conv == nil {
		conv = func(int, string, int, int) {}
	}
	c, pyramid := cfg.ModelChannels, cfg.Channels
	var widths []int // channels of the skip connections
	for i, mult := range cfg.ChannelMult {
		res, width := cfg.Resolution>>i, cfg.ModelChannels*mult
		if i == 0 {
			conv(res, "conv", cfg.Channels, c)
		} else {
			visit(PartEnc, res, blockShape{role: roleDown, name: "down", in: c, out: c, resample: down})
			if cfg.arch().Pyramid {
				conv(res, "aux_residual", pyramid, c)
				pyramid = c
			}
		}
		widths = append(widths, c)
		for j := range cfg.NumBlocks {
			visit(PartEnc, res, blockShape{role: roleEnc, name: fmt.Sprintf("block%d", j), in: c, out: width, attention: cfg.attends(res)})
			c = width
			widths = append(widths, c)
		}
	}
	for i := len(cfg.ChannelMult) - 1; i >= 0; i-- {
		res, width := cfg.Resolution>>i, cfg.ModelChannels*cfg.ChannelMult[i]
		if i == len(cfg.ChannelMult)-1 {
			visit(PartDec, res, blockShape{role: roleIn0, name: "in0", in: c, out: c, attention: true})
			visit(PartDec, res, blockShape{role: roleIn1, name: "in1", in: c, out: c})
		} else {
			visit(PartDec, res, blockShape{role: roleUp, name: "up", in: c, out: c, resample: up})
		}
		for j := range cfg.NumBlocks + 1 {
			skip := widths[len(widths)-1]
			widths = widths[:len(widths)-1]
			attention := j == cfg.NumBlocks && cfg.attends(res)
			visit(PartDec, res, blockShape{role: roleDec, name: fmt.Sprintf("block%d", j), in: c + skip, out: width, attention: attention})
			c = width
		}
	}
	return c
}

// resName is a block's name: "28x28_block0".
func resName(resolution int, name string) string {
	return fmt.Sprintf("%dx%d_%s", resolution, resolution, name)
}
