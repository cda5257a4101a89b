package method

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"innate/configs"
	"innate/models/nn"
	"innate/models/precond"
)

// begin gives a student the weights that model.start says, of the teacher's that it has:
// fresh ones come from a stream of the run's seed, as those of an architecture that
// begins to train. What reads the noise level stays the teacher's where a half of its
// network does.
func (e Env) begin(den *precond.Denoiser) error {
	parts := map[string][]string{
		configs.FromNone:    nil,
		configs.FromEncoder: {nn.PartMap, nn.PartEnc},
		configs.FromDecoder: {nn.PartMap, nn.PartDec, nn.PartOut},
	}
	kept, other := parts[e.Config.Model.Start]
	if !other {
		return nil
	}
	net, ok := den.Net.(interface {
		Fresh(rng *rand.Rand) precond.Net
	})
	if !ok {
		return e.Config.At("model.start", errors.New("model.start: got an architecture whose networks do not begin afresh, want teacher"))
	}
	fresh := net.Fresh(rand.New(e.Streams.Stream("gen.init")))
	for _, l := range den.Net.Layers() {
		for _, part := range kept {
			if l.Part == part {
				copy(fresh.Params().Get(l.Name).Data, den.Net.Params().Get(l.Name).Data)
			}
		}
	}
	if len(kept) > 0 {
		if err := fresh.Buffers().CopyFrom(den.Net.Buffers()); err != nil {
			return fmt.Errorf("method: model.start: %w", err)
		}
	}
	den.Net = fresh
	return nil
}
