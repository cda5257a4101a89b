package configs_test

import (
	"strings"
	"testing"

	"innate/configs"
)

// TestFaultNumbersKeepTheirMeaning sets what the trainer would round to another
// meaning: an interval of no images is never, a decay of 1 divides by zero.
func TestFaultNumbersKeepTheirMeaning(t *testing.T) {
	for _, tt := range []struct{ method, key, value, want string }{
		{"gdd", "live.tick_kimg", "0.0004", "got 0.0004, want in [0.001, 1000000]"},
		{"gdd", "live.total_kimg", "0.0004", "got 0.0004, want in [0.001, 1000000]"},
		{"gdd", "live.fid_kimg", "0.0004", "got 0.0004, want 0, or in [0.001, 1000000]"},
		{"edm", "live.sample_kimg", "0.0004", "got 0.0004, want 0, or in [0.001, 1000000]"},
		{"edm", "live.checkpoint_kimg", "1e-9", "got 1e-09, want 0, or in [0.001, 1000000]"},
		{"classifier", "live.keep_every_kimg", "0.0009", "got 0.0009, want 0, or in [0.001, 1000000]"},
		{"classifier", "live.layers_kimg", "0.0004", "got 0.0004, want 0, or in [0.001, 1000000]"},
		{"gdd", "live.beta2", "0.99999999", "got 0.99999999, want in [0, 1) and as a float32"},
		{"gdd", "live.beta1", "0.99999999", "got 0.99999999, want in [0, 1) and as a float32"},
		{"edm", "model.dropout", "0.99999999", "got 0.99999999, want in [0, 1) and as a float32"},
		{"gdd", "live.gen_lr", "1e-50", "got 1e-50, want in (0, 1] and as a float32"},
		{"gdd", "live.r1_gamma", "1e-50", "got 1e-50, want in [0, 1000] and as a float32"},
		{"gdd", "live.r1_gamma", "1e-400", "got 1e-400, want in [0, 1000]: it reads as 0"},
		{"gdd", "live.ema_ramp", "0.000_1e-400", "want in [0, 1]: it reads as 0"},
		{"gdd", "disc.in_size", "9", "got 9, want in [8, 256], halved evenly by each stage of the features, so a multiple of 8"},
		{"gdd", "disc.in_size", "28", "so a multiple of 8"},
	} {
		text, err := configs.Set("method = '"+tt.method+"'\n", tt.key, tt.value)
		if err != nil {
			t.Fatal(err)
		}
		_, err = configs.Parse("config.toml", text)
		if want := ": " + tt.key + ": "; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s = %s: got %v, want %s", tt.key, tt.value, err, tt.want)
		}
	}
	for _, tt := range []struct{ method, key, value string }{
		{"gdd", "live.tick_kimg", "0.001"}, {"gdd", "live.fid_kimg", "0"}, {"gdd", "live.fid_kimg", "0.0"}, {"gdd", "live.sample_kimg", "-0.0"},
		{"gdd", "live.r1_gamma", "0e5"}, {"gdd", "live.r1_gamma", "1e-30"}, {"gdd", "live.beta2", "0.9999"}, {"gdd", "disc.in_size", "40"},
		{"edm", "live.warmup_kimg", "0.0004"}, {"gdd", "live.ema_halflife_kimg", "0.0004"}, // these are not rounded
	} {
		text, err := configs.Set("method = '"+tt.method+"'\n", tt.key, tt.value)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := configs.Parse("config.toml", text); err != nil {
			t.Errorf("%s = %s: refused: %v", tt.key, tt.value, err)
		}
	}
	// The stages of another network are not known yet: two are halved by 28.
	if _, err := configs.Parse("config.toml", "method = 'gdd'\n[disc]\nfeatures = 'mine.safetensors'\nin_size = 28\n"); err != nil {
		t.Errorf("another network: %v", err)
	}
}
