package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/regulars/regulars/internal/blob"
)

// readOrigin returns the origin of the addresses of a bucket for clients.
func readOrigin(c Config) (string, error) {
	// The name of the host depends on the service; the credentials do not matter.
	client, err := minio.New(c.Endpoint, &minio.Options{Creds: credentials.NewStaticV4("origin", "origin", ""), Secure: c.Secure, Region: c.Region})
	if err != nil {
		return "", fmt.Errorf("open bucket: %w", err)
	}
	address, err := client.PresignedGetObject(context.Background(), c.Bucket, "origin", blob.ReadFor, nil)
	if err != nil {
		return "", fmt.Errorf("open bucket: %w", err)
	}
	return address.Scheme + "://" + address.Host, nil
}

// ReadOrigin implements blob.Store.
func (b *Bucket) ReadOrigin() string { return b.origin }

// ReadAddress implements blob.Store. It sends no request with fixed credentials.
func (b *Bucket) ReadAddress(ctx context.Context, fileID string, o blob.ReadOptions) (string, error) {
	if b.origin == "" {
		return "", nil
	}
	header := url.Values{}
	for name, value := range map[string]string{"content-type": o.Type, "content-disposition": o.Disposition, "cache-control": o.CacheControl} {
		if value != "" {
			header.Set("response-"+name, value)
		}
	}
	address, err := b.client.PresignedGetObject(ctx, b.config.Bucket, b.name(fileID), blob.ReadFor, header)
	if err != nil {
		return "", b.wrapError(ctx, "sign an address", err)
	}
	return address.String(), nil
}

// CheckReads writes a file, reads a part of it as a client does, and deletes it. It
// returns an error if the service answers otherwise than to this server, or if the file
// can be read without a signature.
func (b *Bucket) CheckReads(ctx context.Context) error {
	content := []byte("written and deleted by a check")
	w, err := b.Create(ctx)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Commit(); err != nil {
		return err
	}
	return errors.Join(b.checkRead(ctx, w.ID(), content), b.Delete(ctx, w.ID()))
}

func (b *Bucket) checkRead(ctx context.Context, fileID string, content []byte) error {
	o := blob.ReadOptions{Type: "text/x-check", Disposition: `attachment; filename="check.txt"`, CacheControl: "max-age=7"}
	signed, err := b.ReadAddress(ctx, fileID, o)
	if err != nil {
		return err
	}
	got, header, status, err := b.get(ctx, signed)
	switch {
	case err != nil:
		return err
	case status != http.StatusPartialContent || !bytes.Equal(got, content[2:6]):
		return fmt.Errorf("a part of a file was asked for at a signed address, and the answer has status %d and %d bytes", status, len(got))
	case header.Get("Content-Type") != o.Type || header.Get("Content-Disposition") != o.Disposition || header.Get("Cache-Control") != o.CacheControl:
		return errors.New("the service does not answer with the type, disposition and age that the address asks for")
	}
	plain, err := url.Parse(signed)
	if err != nil {
		return errors.New("the signed address is not an address")
	}
	plain.RawQuery = ""
	if _, _, status, err = b.get(ctx, plain.String()); err == nil && status < http.StatusBadRequest {
		return errors.New("the bucket is public: it answers without a signature")
	}
	return err
}

// get reads four bytes at an address. Its error does not contain the address, which may
// have a signature.
func (b *Bucket) get(ctx context.Context, address string) (body []byte, header http.Header, status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, nil, 0, errors.New("the signed address is not an address")
	}
	r.Header.Set("Range", "bytes=2-5")
	response, err := b.plain.Do(r)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	if err != nil {
		return nil, nil, 0, b.wrapError(ctx, "read at a signed address", err)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, 10<<10))
	return body, response.Header, response.StatusCode, errors.Join(err, response.Body.Close())
}

// setReads parses the parameter reads of an address. It returns what is wrong with it.
func (c *Config) setReads(value string) (wrong string) {
	switch {
	case value == "" || value == "server":
		return ""
	case value != "direct":
		return "has an unknown value of reads: write direct or server"
	case c.Region == "":
		return "has direct reads and no region"
	}
	c.Direct = true
	return ""
}
