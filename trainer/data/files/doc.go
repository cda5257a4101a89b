// Package files reads training images that people have on disk: EDM's zips and
// folders, any zip or folder of PNG, JPEG, WebP and npy images, CIFAR-10 and -100 in
// both of their forms, and MNIST's IDX.
//
// A Collection is what lies at a path: images of any sizes, each decoded when it is
// asked for, with their labels. Dataset makes training images of one that has images
// of one size; it is registered as the data set "files". What a file says of itself is
// not believed: sizes, counts and names are bounded before memory is taken for them,
// and nothing in a file is run.
package files
