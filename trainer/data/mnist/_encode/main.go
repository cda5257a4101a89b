// Command _encode makes one of the files of images in mnist from its IDX file, as
// MNIST's authors published it, compressed by gzip:
//
//	go run ./trainer/data/mnist/_encode <train-images-idx3-ubyte.gz >train-images.strokes
package main

import (
	"compress/gzip"
	"log"
	"os"

	"innate/trainer/data"
	"innate/trainer/data/strokes"
)

func main() {
	log.SetFlags(0)
	z, err := gzip.NewReader(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	pixels, _, h, w, err := data.ReadIDXImages(z)
	if err != nil {
		log.Fatal(err)
	}
	if h != w {
		log.Fatalf("images of %d by %d, want squares", h, w)
	}
	if _, err := os.Stdout.Write(strokes.Encode(pixels, w)); err != nil {
		log.Fatal(err)
	}
}
