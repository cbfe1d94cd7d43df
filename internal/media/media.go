// Package media stores the pictures of communities and members: avatars and
// logos, and the files of images in messages. Uploads are decoded, scaled down and re-encoded, so that only pixels of
// the original are stored and served.
package media

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Kind is the purpose of a picture. It determines the maximum size.
type Kind string

// Kinds of pictures.
const (
	Avatar  Kind = "avatar"
	Logo    Kind = "logo"
	Message Kind = "message" // stored by package image
	Badge   Kind = "badge"

	Application Kind = "application" // for a badge: an image of a member that was uploaded as Message
)

var longestSide = map[Kind]int{Avatar: 512, Logo: 1024, Message: 2560, Badge: 512} // pixels

// MaxBytes is the maximum size of an upload.
const MaxBytes = 10 << 20

// maxPixels bounds the memory of decoding; a good camera has 25 million
// pixels.
const maxPixels = 25_000_000

// Picture is a stored picture.
type Picture struct {
	ID          string // random, unguessable
	CommunityID string
	FileID      string
	Kind        Kind
	OwnerID     string // id of a member; "": belongs to the community
	Type        string // image/png or image/jpeg
	Width       int    // pixels
	Height      int
	SizeBytes   int64
	CreatedAt   int64 // Unix milliseconds
}

// Input is an upload.
type Input struct {
	CommunityID string
	OwnerID     string // id of a member; "": belongs to the community
	Kind        Kind
	File        io.Reader
}

// Library manages the pictures of all communities. It is safe for concurrent
// use.
type Library struct {
	db       *sqldb.DB
	files    blob.Store
	clock    clock.Clock
	decoding chan struct{} // one slot: decoding may take 400 MB
	queue    chan struct{} // a slot for each upload in memory
}

// Limits of uploads waiting to be decoded.
const (
	maxQueued  = 16
	retryAfter = 2 * time.Second
)

// New returns a Library that stores files in files.
func New(db *sqldb.DB, files blob.Store, c clock.Clock) *Library {
	return &Library{db: db, files: files, clock: c, decoding: make(chan struct{}, 1), queue: make(chan struct{}, maxQueued)}
}

// Path is the URL path of a picture; "" without a picture.
func Path(communityID, pictureID string) string {
	if pictureID == "" {
		return ""
	}
	return root + communityID + "/" + pictureID
}

const root = "/media/"

// SplitPath returns the ids in a Path.
func SplitPath(path string) (communityID, pictureID string) {
	communityID, pictureID, _ = strings.Cut(strings.TrimPrefix(path, root), "/")
	return communityID, pictureID
}

// Create re-encodes an upload and stores the file. The picture is visible
// after Insert; a sweep deletes files without a picture. Create returns
// TooLarge "image_too_large" over MaxBytes, Unsupported "image_type" for
// anything but PNG, JPEG, GIF and WebP, Unavailable "pictures_busy" if too
// many uploads wait, and Invalid "image_dimensions" or "image_damaged".
func (l *Library) Create(ctx context.Context, in Input) (Picture, error) {
	select {
	case l.queue <- struct{}{}:
		defer func() { <-l.queue }()
	default:
		return Picture{}, errs.New(errs.Unavailable, "pictures_busy", "Too many pictures are being processed. Try again in a moment.").WithRetry(retryAfter)
	}
	content, err := io.ReadAll(io.LimitReader(in.File, MaxBytes+1))
	if err != nil {
		return Picture{}, err
	}
	if len(content) > MaxBytes {
		return Picture{}, errs.New(errs.TooLarge, "image_too_large", "An image has at most %d MiB.", MaxBytes>>20)
	}
	select {
	case l.decoding <- struct{}{}:
		defer func() { <-l.decoding }()
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	}
	encoded, err := reencode(content, longestSide[in.Kind])
	if err != nil {
		return Picture{}, err
	}
	now := l.clock.Now()
	p := Picture{
		ID: id.Secret(id.Size / 2), CommunityID: in.CommunityID, Kind: in.Kind, OwnerID: in.OwnerID, Type: encoded.kind,
		Width: encoded.width, Height: encoded.height, SizeBytes: int64(len(encoded.content)), CreatedAt: now.UnixMilli(),
	}
	p.FileID, err = l.store(ctx, encoded.content)
	return p, err
}

func (l *Library) store(ctx context.Context, content []byte) (fileID string, err error) {
	file, err := l.files.Create(ctx)
	if err != nil {
		return "", err
	}
	defer file.Abort()
	if _, err := file.Write(content); err != nil {
		return "", err
	}
	return file.ID(), file.Commit()
}

// Insert adds a picture to its community, in the transaction of the caller.
func Insert(ctx context.Context, tx *sqldb.Tx, p Picture) error { return insert(ctx, tx, p) }

// Load returns a picture without its file, or NotFound "picture_not_found".
func Load(ctx context.Context, q sqldb.Querier, communityID, pictureID string) (Picture, error) {
	return load(ctx, q, communityID, pictureID)
}

// Delete deletes pictures, in the transaction of the caller; a sweep deletes
// their files. Unknown ids are ignored.
func Delete(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	return deletePictures(ctx, tx, communityID, ids)
}

// DeleteByOwner deletes all pictures of the given members, in the transaction
// of the caller; a sweep deletes their files.
func DeleteByOwner(ctx context.Context, tx *sqldb.Tx, communityID string, ownerIDs []string) error {
	return deleteByOwner(ctx, tx, communityID, ownerIDs)
}

// Open opens a picture, or returns NotFound "picture_not_found". The caller
// closes the file.
func (l *Library) Open(ctx context.Context, communityID, pictureID string) (Picture, blob.File, error) {
	p, err := load(ctx, l.db, communityID, pictureID)
	if err != nil {
		return p, nil, err
	}
	file, err := l.open(ctx, p)
	return p, file, err
}

func (l *Library) open(ctx context.Context, p Picture) (blob.File, error) {
	file, err := l.files.Open(ctx, p.FileID)
	if errs.KindOf(err) == errs.NotFound {
		err = errors.Join(errNotFound(), err)
	}
	return file, err
}

func errNotFound() error {
	return errs.Missing("picture")
}

// UsesFile reports whether a stored file belongs to a picture.
func (l *Library) UsesFile(ctx context.Context, fileID string) (bool, error) {
	return usesFile(ctx, l.db, fileID)
}

// OpenFile opens a stored file. The caller closes it.
func (l *Library) OpenFile(ctx context.Context, fileID string) (blob.File, error) {
	return l.files.Open(ctx, fileID)
}

// DeleteFile deletes the file of a picture that was not inserted.
func (l *Library) DeleteFile(ctx context.Context, fileID string) error {
	return l.files.Delete(ctx, fileID)
}

// ServeHTTP serves Path. A picture is immutable and needs no credential: its
// id is random, and other sites embed it.
func (l *Library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	communityID, pictureID := SplitPath(r.URL.Path)
	p, err := load(r.Context(), l.db, communityID, pictureID)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	l.Serve(w, r, p, "public, max-age=31536000, immutable")
}

// Serve answers with the file of a picture; the caller has checked the right.
func (l *Library) Serve(w http.ResponseWriter, r *http.Request, p Picture, cacheControl string) {
	if r.Method == http.MethodGet && l.files.ReadOrigin() != "" { // a signature is valid for one method
		l.redirect(w, r, p, cacheControl)
		return
	}
	file, err := l.open(r.Context(), p)
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	defer func() { _ = file.Close() }() // read-only
	h := w.Header()
	h.Set("Content-Type", p.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", cacheControl)
	h.Set("ETag", `"`+p.ID+`"`)
	http.ServeContent(w, r, "", time.UnixMilli(p.CreatedAt), file)
}

// redirect answers with the address of a picture at the service of files.
func (l *Library) redirect(w http.ResponseWriter, r *http.Request, p Picture, cacheControl string) {
	address, err := l.files.ReadAddress(r.Context(), p.FileID, blob.ReadOptions{Type: p.Type, CacheControl: cacheControl})
	if err != nil {
		httpx.WriteError(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Location", address)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "private, max-age="+strconv.Itoa(int((blob.ReadFor/2).Seconds())))
	w.WriteHeader(http.StatusFound)
}
