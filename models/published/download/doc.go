// Package download brings a published file here: over HTTP, continued where an
// earlier attempt ended, compared with what is published of it, and put in its
// place whole or not at all.
//
// What has arrived lies beside the target as NAME.part, and in NAME.part.from by
// which version of the file it is: an ETag, or else the time of its last change. A
// server that has another version by now sends all of it. A transfer that breaks
// or stands still is begun again, later each time, as long as it brings something.
// Proxies are those of the environment.
package download
