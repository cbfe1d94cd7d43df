package s3

import (
	"bytes"
	"context"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
)

// partBytes is the size of the parts of large files. A writer uploads one while it
// fills the next. 10,000 parts, the limit of S3, are 78 GiB.
const partBytes = 8 << 20

// contentType is the type of all objects: they are not served as pages.
const contentType = "application/octet-stream"

// writer uploads one file: a small one with one request, a larger one in parts.
type writer struct {
	bucket *Bucket
	ctx    context.Context //nolint:containedctx // io.Writer takes none
	id     string
	size   int64
	closed bool
	ending bool // the request that makes the file visible was sent

	buffer   []byte // of the next part
	spare    []byte // for reuse, while no part is uploaded
	uploadID string // "": not begun
	parts    []minio.CompletePart
	sent     chan sentPart // of the part that is uploaded; nil: none
}

type sentPart struct {
	part minio.ObjectPart
	body []byte
	err  error
}

func (w *writer) ID() string { return w.id }

func (w *writer) Size() int64 { return w.size }

// Write fails with Unavailable "files_unavailable" if an earlier part could not be
// uploaded.
func (w *writer) Write(p []byte) (n int, err error) {
	if w.closed {
		return 0, os.ErrClosed
	}
	for len(p) > 0 {
		if len(w.buffer) == partBytes {
			if err := w.send(); err != nil {
				return n, err
			}
		}
		if w.buffer == nil {
			w.buffer = make([]byte, 0, min(partBytes, max(64<<10, len(p))))
		}
		part := p[:min(len(p), partBytes-len(w.buffer))]
		w.buffer = append(w.buffer, part...)
		n, p, w.size = n+len(part), p[len(part):], w.size+int64(len(part))
	}
	return n, nil
}

// send begins to upload the buffer, after the previous part.
func (w *writer) send() error {
	if err := w.await(); err != nil {
		return err
	}
	if w.uploadID == "" {
		uploadID, err := w.bucket.client.NewMultipartUpload(w.ctx, w.bucket.config.Bucket, w.name(), minio.PutObjectOptions{ContentType: contentType})
		if err != nil {
			return w.bucket.wrapError(w.ctx, "begin file", err)
		}
		w.uploadID = uploadID
	}
	body, number, sent := w.buffer, len(w.parts)+1, make(chan sentPart, 1)
	w.buffer, w.spare, w.sent = w.spare[:0], nil, sent
	go func() {
		part, err := w.bucket.client.PutObjectPart(w.ctx, w.bucket.config.Bucket, w.name(), w.uploadID, number, bytes.NewReader(body), int64(len(body)), minio.PutObjectPartOptions{})
		sent <- sentPart{part, body, err}
	}()
	return nil
}

// await waits for the part that is uploaded.
func (w *writer) await() error {
	if w.sent == nil {
		return nil
	}
	done := <-w.sent
	w.sent, w.spare = nil, done.body
	if done.err != nil {
		return w.bucket.wrapError(w.ctx, "write file", done.err)
	}
	w.parts = append(w.parts, minio.CompletePart{PartNumber: done.part.PartNumber, ETag: done.part.ETag})
	return nil
}

func (w *writer) name() string { return w.bucket.name(w.id) }

// Commit makes the file durable and visible under its id.
func (w *writer) Commit() error {
	if w.closed {
		return os.ErrClosed
	}
	err := w.commit()
	if err != nil {
		w.Abort()
	}
	w.closed = true
	return err
}

func (w *writer) commit() error {
	if w.uploadID == "" {
		w.ending = true
		_, err := w.bucket.client.Client.PutObject(w.ctx, w.bucket.config.Bucket, w.name(), bytes.NewReader(w.buffer), int64(len(w.buffer)), minio.PutObjectOptions{ContentType: contentType, DisableMultipart: true})
		return w.bucket.wrapError(w.ctx, "commit file", err)
	}
	if len(w.buffer) > 0 {
		if err := w.send(); err != nil {
			return err
		}
	}
	if err := w.await(); err != nil {
		return err
	}
	return w.join()
}

// join makes the file of the parts. If the answer to a request is lost, some services
// know the upload no longer when it is repeated.
func (w *writer) join() error {
	w.ending = true
	bucket := w.bucket.config.Bucket
	_, err := w.bucket.client.CompleteMultipartUpload(w.ctx, bucket, w.name(), w.uploadID, w.parts, minio.PutObjectOptions{})
	if minio.ToErrorResponse(err).Code == minio.NoSuchUpload {
		info, failed := w.bucket.client.StatObject(w.ctx, bucket, w.name(), minio.StatObjectOptions{})
		if failed == nil && info.Size == w.size {
			return nil
		}
	}
	return w.bucket.wrapError(w.ctx, "commit file", err)
}

// abortTimeout limits the requests that discard a file. They are sent also after the
// end of the context of the file; sweeps discard the rest.
const abortTimeout = 5 * time.Second

// Abort discards the file.
func (w *writer) Abort() {
	if w.closed {
		return
	}
	w.closed = true
	_ = w.await() // the parts are discarded
	ctx, stop := context.WithTimeout(context.WithoutCancel(w.ctx), abortTimeout)
	defer stop()
	if w.uploadID != "" {
		_ = w.bucket.client.AbortMultipartUpload(ctx, w.bucket.config.Bucket, w.name(), w.uploadID) // else Sweep does
	}
	if w.ending { // perhaps only the answer is missing
		_ = w.bucket.client.RemoveObject(ctx, w.bucket.config.Bucket, w.name(), minio.RemoveObjectOptions{}) // else the sweep of unused files does
	}
}
