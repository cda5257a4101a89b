// Package nvml asks NVIDIA's driver how its GPUs are doing, through NVML, the
// library that nvidia-smi is made of, loaded at run time: an answer takes well
// under a millisecond, a process some hundred. It knows nothing of innate and
// stands below all.
package nvml

import (
	"encoding/json"
	"math"
)

// Library is NVML as the driver installs it.
const Library = "libnvidia-ml.so.1"

// GPU is the state of one NVIDIA GPU.
type GPU struct {
	Index    int    `json:"index"` // as nvidia-smi counts, not as CUDA does
	Name     string `json:"name"`
	Use      Number `json:"use"`       // share of the time that something ran, in [0, 1]
	MemUsed  Number `json:"mem_used"`  // bytes
	MemTotal Number `json:"mem_total"` // bytes
	Celsius  Number `json:"celsius"`
	Watts    Number `json:"watts"`
	MHz      Number `json:"mhz"`     // of the clock of its processors
	MaxMHz   Number `json:"max_mhz"` // that it may reach
}

// Number is what a GPU reports, NaN where it reports nothing, which JSON writes as
// null.
type Number float64

// Known reports whether there is a number.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) }

// MarshalJSON implements json.Marshaler.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *Number) UnmarshalJSON(text []byte) error {
	v := math.NaN()
	if string(text) != "null" {
		if err := json.Unmarshal(text, &v); err != nil {
			return err
		}
	}
	*n = Number(v)
	return nil
}
