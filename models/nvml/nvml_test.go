//go:build linux && (amd64 || arm64) && !static

package nvml_test

import (
	"encoding/json"
	"strings"
	"testing"

	"innate/models/nvml"
	"innate/models/standin"
)

// TestGPUs: what one GPU reports is read, and what another does not is unknown, in
// JSON, too.
func TestGPUs(t *testing.T) {
	lib, err := nvml.Open(standin.NVML(t))
	if err != nil {
		t.Fatal(err)
	}
	list, err := lib.GPUs()
	if err != nil || len(list) != 2 {
		t.Fatalf("got %v, %v, want two GPUs", list, err)
	}
	want := nvml.GPU{Name: "NVIDIA H100 80GB HBM3", Use: 0.87, MemUsed: 43e9, MemTotal: 85520809984, Celsius: 63, Watts: 320.51, MHz: 1755, MaxMHz: 1980}
	if list[0] != want {
		t.Errorf("got %+v, want %+v", list[0], want)
	}
	if g := list[1]; g.Index != 1 || g.Name != "Tesla K20c" || g.Use.Known() || g.Watts.Known() || g.Celsius != 63 {
		t.Errorf("got %+v", g)
	}
	text, err := json.Marshal(list[1])
	if err != nil || !strings.Contains(string(text), `"use":null`) || !strings.Contains(string(text), `"celsius":63`) {
		t.Errorf("got %s, %v", text, err)
	}
	var back nvml.GPU
	if err := json.Unmarshal(text, &back); err != nil || back.Use.Known() || back.Celsius != 63 {
		t.Errorf("got %+v, %v", back, err)
	}
	g, err := lib.At("0000:65:00.0")
	if err != nil || g != want {
		t.Errorf("at an address: got %+v, %v", g, err)
	}
	if _, err := lib.At("0000:66:00.0"); err == nil || err.Error() != "nvml: GPU at 0000:66:00.0: not found" {
		t.Errorf("at no address: got %v", err)
	}
}

// TestTrouble: what may be wrong is one line.
func TestTrouble(t *testing.T) {
	if _, err := nvml.Open("libnvidia-ml-of-nobody.so.1"); err == nil || !strings.HasPrefix(err.Error(), "nvml: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("no library: got %v", err)
	}
	if _, err := nvml.Open(standin.NVML(t, "nvmlDeviceGetCount_v2")); err == nil || !strings.HasSuffix(err.Error(), " has no nvmlDeviceGetCount_v2") {
		t.Errorf("no function: got %v", err)
	}
	old, err := nvml.Open(standin.NVML(t, "nvmlDeviceGetMaxClockInfo"))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := old.GPUs(); err != nil || list[0].MaxMHz.Known() || list[0].MHz != 1755 {
		t.Errorf("an old library: got %v, %v", list, err)
	}
	for fail, want := range map[string]string{
		"nvmlDeviceGetCount_v2=1":         "nvml: number of GPUs: uninitialized",
		"nvmlDeviceGetHandleByIndex_v2=9": "nvml: GPU 0: driver not loaded",
	} {
		t.Setenv("STANDIN_FAIL", fail)
		if _, err := old.GPUs(); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", fail, err, want)
		}
	}
	t.Setenv("STANDIN_FAIL", "nvmlInit_v2=9")
	if _, err := nvml.Open(standin.NVML(t)); err == nil || err.Error() != "nvml: init: driver not loaded" {
		t.Errorf("no driver: got %v", err)
	}
}
