// Package s3 stores files in a bucket of an S3-compatible service.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/outage"
)

// defaultEndpoint is the service of addresses without an endpoint.
const defaultEndpoint = "https://s3.amazonaws.com"

// Config is the place of a bucket.
type Config struct {
	Endpoint    string // host, with a port unless it is the default one
	Secure      bool   // HTTPS
	Region      string // "": asked from the service
	Bucket      string
	Prefix      string      // of the names of objects; "" or with a slash at the end
	Direct      bool        // clients read files at addresses of the service
	Outages     *outage.Log // nil: not logged
	Key, Secret string      // "": from the environment or the metadata of the machine, as AWS clients do
}

// ParseURL parses the address of a bucket, such as
// s3://bucket/folder?endpoint=https://minio.example:9000&region=eu-central-1. It
// contains no credentials, so that it may be shown.
func ParseURL(address string) (Config, error) {
	wrong := func(why string) (Config, error) {
		return Config{}, fmt.Errorf("files URL %q %s; write it as s3://BUCKET/FOLDER?endpoint=https://HOST:PORT&region=REGION&reads=direct, where everything behind the bucket is optional", address, why)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" {
		return wrong("is not an address of S3")
	}
	if u.User != nil {
		return wrong("has a user name: set REGULARS_FILES_KEY and REGULARS_FILES_SECRET instead")
	}
	c := Config{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if c.Bucket == "" {
		return wrong("names no bucket")
	}
	if c.Prefix != "" {
		c.Prefix += "/"
	}
	query := u.Query()
	c.Region = query.Get("region")
	service := query.Get("endpoint")
	reads := c.setReads(query.Get("reads"))
	for _, known := range []string{"region", "endpoint", "reads"} {
		query.Del(known)
	}
	if reads != "" {
		return wrong(reads)
	}
	if len(query) > 0 {
		return wrong("has unknown parameters")
	}
	if service == "" {
		service = defaultEndpoint
	}
	e, err := url.Parse(service)
	if err != nil || e.Host == "" || e.Scheme != "https" && e.Scheme != "http" || strings.Trim(e.Path, "/") != "" || e.User != nil {
		return wrong("has no endpoint such as https://minio.example:9000")
	}
	c.Endpoint, c.Secure = e.Host, e.Scheme == "https"
	return c, nil
}

// Bucket is a bucket, a blob.Store.
type Bucket struct {
	client minio.Core
	config Config
	plain  http.Client // for requests without a signature in their header
	origin string      // of addresses for clients; "": none
}

var _ blob.Store = (*Bucket)(nil)

// attempts at one request after an answer 5xx, a cut connection or a stall, with
// growing pauses of at most a second.
const attempts = 3

// Open returns a bucket. It sends no request.
func Open(c Config) (*Bucket, error) {
	transport, err := newTransport(c.Secure)
	if err != nil {
		return nil, err
	}
	client, err := minio.NewCore(c.Endpoint, &minio.Options{Creds: c.credentials(), Secure: c.Secure, Region: c.Region, Transport: transport, MaxRetries: attempts})
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	b := &Bucket{client: *client, config: c, plain: http.Client{Transport: transport}}
	if c.Direct {
		b.origin, err = readOrigin(c)
	}
	return b, err
}

func (c Config) credentials() *credentials.Credentials {
	if c.Key != "" {
		return credentials.NewStaticV4(c.Key, c.Secret, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}},
	})
}

// Shared is true: every node uses the same bucket.
func (b *Bucket) Shared() bool { return true }

// Close does nothing: idle connections end by themselves.
func (b *Bucket) Close() error { return nil }

// Create starts a file.
func (b *Bucket) Create(ctx context.Context) (blob.Writer, error) {
	return b.CreateAs(ctx, id.New(clock.Clock{}.Now()))
}

// CreateAs is Create with a given id.
func (b *Bucket) CreateAs(ctx context.Context, fileID string) (blob.Writer, error) {
	if !id.Valid(fileID) {
		return nil, blob.ErrNotFound()
	}
	return &writer{bucket: b, ctx: ctx, id: fileID}, nil
}

// Open opens a committed file.
func (b *Bucket) Open(ctx context.Context, fileID string) (blob.File, error) {
	if !id.Valid(fileID) {
		return nil, blob.ErrNotFound()
	}
	info, err := b.client.StatObject(ctx, b.config.Bucket, b.name(fileID), minio.StatObjectOptions{})
	if err != nil {
		return nil, b.wrapError(ctx, "open file", err)
	}
	return newFile(ctx, b, b.name(fileID), info), nil
}

// Delete deletes a committed file.
func (b *Bucket) Delete(ctx context.Context, fileID string) error {
	if !id.Valid(fileID) {
		return blob.ErrNotFound()
	}
	err := b.wrapError(ctx, "delete file", b.client.RemoveObject(ctx, b.config.Bucket, b.name(fileID), minio.RemoveObjectOptions{}))
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	return err
}

// List calls visit for each committed file.
func (b *Bucket) List(ctx context.Context, visit func(fileID string, size int64, modified time.Time) error) error {
	for o := range b.client.ListObjectsIter(ctx, b.config.Bucket, minio.ListObjectsOptions{Prefix: b.config.Prefix}) {
		if o.Err != nil {
			return b.wrapError(ctx, "list files", o.Err)
		}
		fileID := strings.TrimPrefix(o.Key, b.config.Prefix)
		if !id.Valid(fileID) {
			continue
		}
		if err := visit(fileID, o.Size, o.LastModified); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes unfinished uploads begun before the given time.
func (b *Bucket) Sweep(ctx context.Context, before time.Time) (removed int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for u := range b.client.ListIncompleteUploads(ctx, b.config.Bucket, b.config.Prefix, true) {
		if u.Err != nil {
			return removed, b.wrapError(ctx, "list unfinished files", u.Err)
		}
		if !u.Initiated.Before(before) || !id.Valid(strings.TrimPrefix(u.Key, b.config.Prefix)) {
			continue
		}
		if err := b.client.AbortMultipartUpload(ctx, b.config.Bucket, u.Key, u.UploadID); err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchUpload {
			return removed, b.wrapError(ctx, "delete unfinished file", err)
		}
		removed++
	}
	return removed, nil
}

func (b *Bucket) name(fileID string) string { return b.config.Prefix + fileID }

// wrapError returns err with context: NotFound "file_not_found" for a missing
// object, and Unavailable "files_unavailable" if the service cannot be reached or
// fails.
func (b *Bucket) wrapError(ctx context.Context, doing string, err error) error {
	if err == nil {
		b.config.Outages.Succeeded()
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var response minio.ErrorResponse
	if errors.As(err, &response) {
		switch {
		case response.Code == minio.NoSuchKey:
			return blob.ErrNotFound()
		case response.StatusCode > 0 && response.StatusCode < http.StatusInternalServerError && response.StatusCode != http.StatusTooManyRequests && response.StatusCode != http.StatusRequestTimeout:
			return fmt.Errorf("%s: the file storage refused the request (%s): %w", doing, response.Code, err)
		}
	}
	b.config.Outages.Failed(ctx, err, "task", doing)
	return errs.New(errs.Unavailable, "files_unavailable", "The file storage does not answer. Try again in a moment.").WithRetry(10 * time.Second).Because(fmt.Errorf("%s: %w", doing, err))
}

// ClockSkew returns how far the clock of this machine is ahead of that of the
// service, to the second.
func (b *Bucket) ClockSkew(ctx context.Context) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, b.client.EndpointURL().String(), nil)
	if err != nil {
		return 0, err
	}
	response, err := b.plain.Do(request)
	if err != nil {
		return 0, b.wrapError(ctx, "read the clock", err)
	}
	if err := response.Body.Close(); err != nil {
		return 0, err
	}
	at, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return 0, nil // the service does not say
	}
	return clock.Clock{}.Now().Sub(at).Truncate(time.Second), nil
}
