// Package media keeps the pictures of communities and their members: avatars,
// logos. What is uploaded is never served as it came: it is decoded, made
// smaller where it is larger than anybody needs, and written anew, so that
// nothing of the original but its pixels is left.
package media

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

// Kind is what a picture is for. It decides how large it is kept.
type Kind string

// The kinds of pictures.
const (
	Avatar Kind = "avatar"
	Logo   Kind = "logo"
)

var longestSide = map[Kind]int{Avatar: 512, Logo: 1024} // pixels

// MaxBytes is the largest file that is taken.
const MaxBytes = 10 << 20

// maxPixels bounds the memory that a picture may ask for: 25 million pixels
// are the photograph of a good camera.
const maxPixels = 25_000_000

// Picture is a picture as it is kept.
type Picture struct {
	ID          string // random: not to be guessed
	CommunityID string
	FileID      string
	Kind        Kind
	OwnerID     string // the member it belongs to; "" of the community
	Type        string // image/png or image/jpeg
	Width       int    // pixels
	Height      int
	SizeBytes   int64
	CreatedAt   int64 // Unix milliseconds
}

// Input is an uploaded file and what it is to be.
type Input struct {
	CommunityID string
	OwnerID     string // the member it belongs to; "" of the community
	Kind        Kind
	File        io.Reader
}

// Library keeps the pictures of all communities. It may be used from many
// goroutines.
type Library struct {
	db       *sqldb.DB
	files    *blob.Dir
	clock    clock.Clock
	decoding chan struct{} // one place: a picture may need 400 MB while it is decoded
	held     chan struct{} // a place for each that is decoded or waits for it, with its file in memory
}

// mostHeld bounds the memory, and the time, of pictures that wait.
const (
	mostHeld = 16
	busyFor  = 2 * time.Second
)

// New returns the Library of a database whose files are in files.
func New(db *sqldb.DB, files *blob.Dir, c clock.Clock) *Library {
	return &Library{db: db, files: files, clock: c, decoding: make(chan struct{}, 1), held: make(chan struct{}, mostHeld)}
}

// Path is the address of a picture on this server; "" for no picture.
func Path(communityID, pictureID string) string {
	if pictureID == "" {
		return ""
	}
	return "/media/" + communityID + "/" + pictureID
}

// Make writes a picture anew from an uploaded file and keeps it on stable
// storage. Nobody sees it before Insert; one that is never inserted is removed
// by a sweep. It fails with TooLarge "image_too_large" above MaxBytes,
// Unsupported "image_type" for anything but PNG, JPEG, GIF and WebP,
// Unavailable "pictures_busy" when too many wait already, and Invalid
// "image_dimensions" for too many pixels or "image_damaged".
func (l *Library) Make(ctx context.Context, in Input) (Picture, error) {
	select {
	case l.held <- struct{}{}:
		defer func() { <-l.held }()
	default:
		return Picture{}, errs.New(errs.Unavailable, "pictures_busy", "Too many pictures are being worked on. Try again in a moment.").WithRetry(busyFor)
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
	made, err := remake(content, longestSide[in.Kind])
	if err != nil {
		return Picture{}, err
	}
	now := l.clock.Now()
	p := Picture{
		ID: id.Secret(id.Size / 2), CommunityID: in.CommunityID, Kind: in.Kind, OwnerID: in.OwnerID, Type: made.kind,
		Width: made.width, Height: made.height, SizeBytes: int64(len(made.content)), CreatedAt: now.UnixMilli(),
	}
	p.FileID, err = l.keep(made.content)
	return p, err
}

func (l *Library) keep(content []byte) (fileID string, err error) {
	file, err := l.files.Create()
	if err != nil {
		return "", err
	}
	defer file.Abort()
	if _, err := file.Write(content); err != nil {
		return "", err
	}
	return file.ID(), file.Commit()
}

// Insert makes a picture part of its community, in the caller's transaction.
func Insert(ctx context.Context, tx *sqldb.Tx, p Picture) error { return insert(ctx, tx, p) }

// Find returns a picture without its file, or NotFound "picture_not_found".
func Find(ctx context.Context, q sqldb.Querier, communityID, pictureID string) (Picture, error) {
	return find(ctx, q, communityID, pictureID)
}

// Remove takes pictures away, in the caller's transaction; a sweep removes
// their files. Ids that are no pictures are passed over.
func Remove(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	return remove(ctx, tx, communityID, ids)
}

// RemoveOf takes every picture of the members away, in the caller's
// transaction; a sweep removes their files.
func RemoveOf(ctx context.Context, tx *sqldb.Tx, communityID string, ownerIDs []string) error {
	return removeOf(ctx, tx, communityID, ownerIDs)
}

// Open opens a picture; NotFound "picture_not_found" when there is none. The
// caller closes the file.
func (l *Library) Open(ctx context.Context, communityID, pictureID string) (Picture, *blob.File, error) {
	p, err := find(ctx, l.db, communityID, pictureID)
	if err != nil {
		return p, nil, err
	}
	file, err := l.files.Open(p.FileID)
	if errs.KindOf(err) == errs.NotFound {
		err = errors.Join(errNotFound(), err)
	}
	return p, file, err
}

func errNotFound() error {
	return errs.New(errs.NotFound, "picture_not_found", "There is no such picture.")
}

// Uses reports whether a stored file is one of a picture.
func (l *Library) Uses(ctx context.Context, fileID string) (bool, error) {
	return usesFile(ctx, l.db, fileID)
}
