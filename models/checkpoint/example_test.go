package checkpoint_test

import (
	"fmt"
	"os"
	"path/filepath"

	"innate/models"
	"innate/models/checkpoint"
)

// A file with one parameter, written and read again.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	params := models.NewParamSet()
	params.Add(&models.Param{Name: "enc.28x28_conv.weight", Shape: []int{2, 1, 1, 1}, Data: []float32{0.5, -0.5}})
	f := checkpoint.New()
	f.Metadata["nimg"] = "1000"
	if err := f.AddParams("ema/", params); err != nil {
		fmt.Println(err)
		return
	}
	path := filepath.Join(dir, "net.safetensors")
	if err := checkpoint.Write(path, f); err != nil {
		fmt.Println(err)
		return
	}
	back, err := checkpoint.Read(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range back.Tensors() {
		fmt.Println(t.Name, t.Shape, back.Metadata["nimg"])
	}
	// Output: ema/enc.28x28_conv.weight [2 1 1 1] 1000
}
