// Package config holds the settings of a server: flags, environment variables,
// their defaults and checks.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/regulars/regulars/internal/account/password"
	"github.com/regulars/regulars/internal/account/provider"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/seal"
	"github.com/regulars/regulars/internal/sqldb"
)

// StorageConfig are the settings of storage and of its keys, shared by all commands.
type StorageConfig struct {
	Data        string `env:"REGULARS_DATA" placeholder:"DIR" help:"Folder for uploaded files and, without a database URL, for the database (default: ./regulars-data; demo: a temporary folder)."`
	DatabaseURL string `secret:"url" name:"database-url" env:"REGULARS_DATABASE_URL" placeholder:"URL" help:"URL of a PostgreSQL database (postgres://...). Empty: SQLite in the data folder."`
	FilesURL    string `name:"files-url" env:"REGULARS_FILES_URL" placeholder:"URL" help:"Bucket of an S3-compatible service for uploaded files and pictures: s3://BUCKET/FOLDER?endpoint=https://HOST:PORT&region=REGION. Empty: the data folder. Several nodes need a bucket."`
	FilesKey    string `secret:"" name:"files-key" env:"REGULARS_FILES_KEY" placeholder:"KEY" help:"Access key of the bucket. Empty: the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the credentials file of AWS, or the role of the machine."`
	FilesSecret string `secret:"" name:"files-secret" env:"REGULARS_FILES_SECRET" placeholder:"SECRET" help:"Secret of the access key."`
	DBConns     int    `name:"database-connections" env:"REGULARS_DATABASE_CONNECTIONS" default:"20" help:"Maximum number of connections to PostgreSQL. Transactions of requests leave a fifth of them to jobs and events."`
	Synchronous string `name:"sqlite-synchronous" env:"REGULARS_SQLITE_SYNCHRONOUS" enum:"FULL,NORMAL" default:"FULL" help:"FULL: commits survive a power failure. NORMAL: faster; commits survive a crash of the program only."`
	SecretKey   string `secret:"" name:"secret-key" env:"REGULARS_SECRET_KEY" placeholder:"HEX" help:"Key that encrypts secrets in the database: 64 hex digits, the same on every node. Empty: the file secret.key in the data folder, created at the first start."`
	PreviousKey string `secret:"" name:"secret-key-previous" env:"REGULARS_SECRET_KEY_PREVIOUS" placeholder:"HEX" help:"Previous secret key during a change of keys; its secrets are encrypted again with the new one."`
}

// Address returns the address of the database for sqldb.Open.
func (s StorageConfig) Address() string {
	if s.DatabaseURL != "" {
		return s.DatabaseURL
	}
	return "sqlite:" + filepath.Join(s.Data, DatabaseFile)
}

// Options returns the options for sqldb.Open.
func (s StorageConfig) Options() sqldb.Options {
	return sqldb.Options{Synchronous: s.Synchronous, MaxConns: s.DBConns}
}

// DatabaseOptions returns the options for sqldb.Open of a server. PostgreSQL frees
// the locks of a silent node before the lease of its jobs ends, but never in under
// five seconds.
func (c Config) DatabaseOptions() sqldb.Options {
	o := c.StorageConfig.Options()
	o.IdleTx = min(max(c.Lease*2/3, 5*time.Second), time.Minute)
	return o
}

// FilesDir returns the folder of uploaded files.
func (s StorageConfig) FilesDir() string { return filepath.Join(s.Data, "files") }

// KeyPath returns the path of the file of the secret key.
func (s StorageConfig) KeyPath() string { return filepath.Join(s.Data, KeyFile) }

// Names of the data folder and of files in it.
const (
	DefaultDataDir = "./regulars-data"
	DatabaseFile   = "regulars.db"
	KeyFile        = "secret.key"
)

// LogConfig are the settings of the log, which goes to standard error.
type LogConfig struct {
	LogLevel  string `env:"REGULARS_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"Minimum level of log messages: ${enum}."`
	LogFormat string `env:"REGULARS_LOG_FORMAT" enum:"text,json" default:"text" help:"Format of the log: ${enum}."`
}

// Limits are configurable sizes, rates and timeouts.
type Limits struct {
	BulkFileMiB       int64 `name:"bulk-file-mib" env:"REGULARS_BULK_FILE_MIB" default:"2048" help:"Maximum size of the file of a bulk job."`
	OpenImportMiB     int64 `name:"open-import-mib" env:"REGULARS_OPEN_IMPORT_MIB" default:"16" help:"Maximum size of the file of an import without a credential."`
	OpenImports       int   `name:"open-imports-per-hour" env:"REGULARS_OPEN_IMPORTS_PER_HOUR" default:"10" help:"Imports without a credential per hour and address."`
	AnonymousPerSec   int   `name:"anonymous-per-second" env:"REGULARS_ANONYMOUS_PER_SECOND" default:"20" help:"Requests without a valid credential per second and address; 0: no limit."`
	SignInsPerMin     int   `name:"sign-ins-per-minute" env:"REGULARS_SIGN_INS_PER_MINUTE" default:"10" help:"Sign-in attempts per minute and address, and per minute and name; 0: no limit."`
	PicturesPerMin    int   `name:"pictures-per-minute" env:"REGULARS_PICTURES_PER_MINUTE" default:"30" help:"Pictures uploaded per minute and account or API key; 0: no limit."`
	StreamsPerOwner   int   `name:"streams-per-account" env:"REGULARS_STREAMS_PER_ACCOUNT" default:"20" help:"Open event streams per account or API key; 0: no limit."`
	Streams           int   `name:"streams" env:"REGULARS_STREAMS" default:"1000" help:"Open event streams of this process; 0: no limit."`
	BulkBatchRows     int   `name:"bulk-piece-rows" env:"REGULARS_BULK_PIECE_ROWS" default:"4000" hidden:"" help:"Rows of a bulk job per batch; several batches of new members share one transaction."`
	DryRunMiB         int64 `name:"dry-run-mib" env:"REGULARS_DRY_RUN_MIB" default:"16" help:"Memory of all running dry runs for members repeated in their files; the rest is written to temporary files in the data folder."`
	BulkRetentionDays int   `name:"bulk-keep-days" env:"REGULARS_BULK_KEEP_DAYS" default:"90" help:"Days after which the file and the row details of a bulk job are deleted."`
	MinFreeMiB        int64 `name:"min-free-mib" env:"REGULARS_MIN_FREE_MIB" default:"256" help:"Free disk space of the data folder below which /readyz fails and uploads are rejected."`

	UnpackedMiB       int64         `name:"unpacked-mib" env:"REGULARS_UNPACKED_MIB" default:"1024" help:"Maximum unpacked size of a compressed file or workbook of a bulk job."`
	FilesAtOnce       int           `name:"files-at-once" env:"REGULARS_FILES_AT_ONCE" default:"2" help:"Compressed files and workbooks read at the same time for uploads and the import wizard, each with up to 32 MiB of memory; as many again for details of jobs."`
	FilesWait         time.Duration `name:"files-wait" env:"REGULARS_FILES_WAIT" default:"2s" help:"Time such a file waits before it is rejected with 503."`
	UploadsPerAccount int           `name:"uploads-per-account" env:"REGULARS_UPLOADS_PER_ACCOUNT" default:"8" help:"Concurrent uploads of bulk files per account or API key; 0: no limit."`
	UploadsPerAddress int           `name:"uploads-per-address" env:"REGULARS_UPLOADS_PER_ADDRESS" default:"32" help:"Concurrent uploads of bulk files per network address; 0: no limit."`
	AccountUploadMiB  int64         `name:"uploads-per-account-mib" env:"REGULARS_UPLOADS_PER_ACCOUNT_MIB" default:"4096" help:"Total size of concurrent uploads per account or API key; 0: no limit."`
	AddressUploadMiB  int64         `name:"uploads-per-address-mib" env:"REGULARS_UPLOADS_PER_ADDRESS_MIB" default:"16384" help:"Total size of concurrent uploads per network address; 0: no limit."`
	CommunityFilesMiB int64         `name:"community-files-mib" env:"REGULARS_COMMUNITY_FILES_MIB" default:"20480" help:"Total size of the stored files of bulk jobs per community; 0: no limit."`

	AnonymousBody     time.Duration `name:"anonymous-body-timeout" env:"REGULARS_ANONYMOUS_BODY_TIMEOUT" default:"30s" help:"Timeout of the whole body of a request without a valid credential."`
	BodyIdle          time.Duration `name:"body-idle-timeout" env:"REGULARS_BODY_IDLE_TIMEOUT" default:"60s" help:"Timeout of a request body without a new byte."`
	HeaderTimeout     time.Duration `name:"header-timeout" env:"REGULARS_HEADER_TIMEOUT" default:"10s" help:"Timeout of the header of a request."`
	ConnectionsPerNet int           `name:"connections-per-address" env:"REGULARS_CONNECTIONS_PER_ADDRESS" default:"1000" help:"Concurrent connections per network address, except trusted proxies; 0: no limit."`
}

// UploadLimits returns the limits of parallel uploads.
func (l Limits) UploadLimits() httpx.UploadLimits {
	return httpx.UploadLimits{
		PerAccount: l.UploadsPerAccount, PerAddress: l.UploadsPerAddress, BytesPerAccount: l.AccountUploadMiB << 20, BytesPerAddress: l.AddressUploadMiB << 20,
	}
}

// ServerConfig are the settings of the HTTP server and the job workers.
type ServerConfig struct {
	Addr            string        `env:"REGULARS_ADDR" default:":3333" placeholder:"HOST:PORT" help:"Address to listen on."`
	PublicURL       string        `name:"public-url" env:"REGULARS_PUBLIC_URL" placeholder:"URL" help:"Public address of the server, used in links. Empty: derived from the listen address."`
	Proxies         []string      `name:"trusted-proxies" env:"REGULARS_TRUSTED_PROXIES" placeholder:"CIDR" help:"Networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted."`
	Workers         int           `env:"REGULARS_WORKERS" default:"4" help:"Workers for bulk jobs and other long jobs: half of them for large jobs, half for files below 256 KiB. Short jobs, such as mail, have the same number of separate workers."`
	Lease           time.Duration `env:"REGULARS_LEASE" default:"30s" help:"Time without a heartbeat after which other nodes take over the jobs of a node."`
	StreamCheck     time.Duration `name:"stream-check" env:"REGULARS_STREAM_CHECK" default:"1m" hidden:"" help:"Interval at which permissions of an open stream are checked."`
	ShutdownTimeout time.Duration `name:"shutdown-timeout" env:"REGULARS_SHUTDOWN_TIMEOUT" default:"20s" help:"Time for running requests to finish when the server stops."`
}

// MailConfig are the settings of outgoing mail.
type MailConfig struct {
	SMTPURL  string `secret:"url" name:"smtp-url" env:"REGULARS_SMTP_URL" placeholder:"URL" help:"Mail server, smtps://user:password@host:465 or smtp://host:587?tls=required (or optional, off). Empty: mail is not sent; the owner of the installation can read it at /-/mail."`
	MailFrom string `name:"mail-from" env:"REGULARS_MAIL_FROM" placeholder:"ADDRESS" help:"Sender of mail, such as \"Our Club <club@example.com>\". Required with a mail server."`
	PerHour  int    `name:"mails-per-hour" env:"REGULARS_MAILS_PER_HOUR" default:"10" help:"Mails per hour, kind and recipient; three times as many for notices about sign-in methods; 0: no limit. Further ones are dropped."`

	StrangersPerHour int `name:"mails-to-strangers-per-hour" env:"REGULARS_MAILS_TO_STRANGERS_PER_HOUR" default:"20" help:"Mails per hour to unconfirmed addresses, for each account and for each community; 0: no limit. Further ones wait in the queue."`
}

// CommunityConfig are the settings of creating and deleting communities.
type CommunityConfig struct {
	Creation      string `name:"community-creation" env:"REGULARS_COMMUNITY_CREATION" enum:"everybody,owner" default:"everybody" help:"Who may create communities: all accounts, or only the owner of the installation: ${enum}."`
	RetentionDays int    `name:"retention-days" env:"REGULARS_RETENTION_DAYS" default:"30" help:"Days until deleted communities and members are erased; they can be restored before."`
	EventDays     int    `name:"event-retention-days" env:"REGULARS_EVENT_RETENTION_DAYS" default:"30" help:"Days after which events are deleted, once every consumer has handled them."`
}

// Retention is the time in which deleted members and communities can be restored.
func (c CommunityConfig) Retention() time.Duration {
	return time.Duration(c.RetentionDays) * 24 * time.Hour
}

// SignInConfig are the settings of registration and of the OpenID Connect
// provider.
type SignInConfig struct {
	Registration     string `env:"REGULARS_REGISTRATION" enum:"open,closed" default:"open" help:"Whether anyone may create an account: ${enum}."`
	OIDCIssuer       string `name:"oidc-issuer" env:"REGULARS_OIDC_ISSUER" placeholder:"URL" help:"Issuer of an OpenID Connect provider for sign-in, such as https://id.example.com. Its redirect URI is PUBLIC_URL/sign-in/provider/return."`
	OIDCClientID     string `name:"oidc-client-id" env:"REGULARS_OIDC_CLIENT_ID" placeholder:"ID" help:"Client id at the provider. Required with a provider."`
	OIDCClientSecret string `secret:"" name:"oidc-client-secret" env:"REGULARS_OIDC_CLIENT_SECRET" placeholder:"SECRET" help:"Client secret at the provider."`
	OIDCName         string `name:"oidc-name" env:"REGULARS_OIDC_NAME" placeholder:"NAME" help:"Name of the provider on the sign-in button (default: its host)."`

	// PasswordCost is a setting of tests only, zero for the default.
	PasswordCost password.Cost `kong:"-" hidden:""`
}

// Provider returns the provider, zero if none is configured.
func (s SignInConfig) Provider() provider.Config {
	return provider.Config{Issuer: s.OIDCIssuer, ClientID: s.OIDCClientID, ClientSecret: s.OIDCClientSecret, Name: s.OIDCName}
}

func (s SignInConfig) validate() error {
	if s.OIDCIssuer == "" {
		return nil
	}
	u, err := url.Parse(s.OIDCIssuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("provider %q is not an address such as https://id.example.com", s.OIDCIssuer)
	}
	if s.OIDCClientID == "" {
		return errors.New("the OpenID Connect provider needs a client id")
	}
	return nil
}

// Config are the settings of a server. Tags define flag, environment variable,
// default and help of each; NAME_FILE sets the variable NAME to the content of a
// file.
type Config struct {
	StorageConfig   `embed:"" group:"Data"`
	LogConfig       `embed:"" group:"Log"`
	ServerConfig    `embed:"" group:"Server"`
	Limits          `embed:"" group:"Limits"`
	MailConfig      `embed:"" group:"Mail"`
	CommunityConfig `embed:"" group:"Communities"`
	SignInConfig    `embed:"" group:"Accounts"`
}

// Default returns the defaults of all settings.
func Default() (Config, error) {
	var c Config
	err := kong.ApplyDefaults(&c)
	c.Data = DefaultDataDir
	return c, err
}

// Validate checks rules that tags cannot express.
func (c Config) Validate() error {
	if c.Workers < 1 || c.Lease < time.Second {
		return errors.New("workers must be at least 1 and lease at least 1s")
	}
	if c.RetentionDays < 1 || c.RetentionDays > 3650 {
		return errors.New("retention days must be 1 to 3650")
	}
	if c.EventDays < 1 || c.EventDays > 3650 {
		return errors.New("event retention days must be 1 to 3650")
	}
	if c.UnpackedMiB < 1 || c.FilesAtOnce < 1 || c.FilesWait < time.Millisecond {
		return errors.New("unpacked MiB, files at once and the wait for a file must be above 0")
	}
	if c.AnonymousBody < time.Millisecond || c.BodyIdle < time.Millisecond || c.HeaderTimeout < time.Millisecond {
		return errors.New("the timeouts of bodies and headers must be above 0")
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("public URL %q is not an address such as https://community.example.com", c.PublicURL)
		}
	}
	if err := c.SignInConfig.validate(); err != nil {
		return err
	}
	_, err := c.ProxyNetworks()
	return err
}

// ProxyNetworks parses the networks; a single address is a network of one.
func (c Config) ProxyNetworks() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range c.Proxies {
		prefix, err := netip.ParsePrefix(text)
		if addr, lone := netip.ParseAddr(text); err != nil && lone == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("trusted proxy %q is not a network such as 10.0.0.0/8", text)
		}
		list = append(list, prefix)
	}
	return list, nil
}

// BaseURL returns the public address of a server that listens on addr.
func (c Config) BaseURL(addr net.Addr) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// ReadSecretFiles sets each REGULARS_ variable NAME to the content of the file
// NAME_FILE, without trailing line breaks.
func ReadSecretFiles(environ []string) error {
	for _, entry := range environ {
		name, path, _ := strings.Cut(entry, "=")
		target, ok := strings.CutSuffix(name, "_FILE")
		if !ok || !strings.HasPrefix(name, "REGULARS_") || path == "" {
			continue
		}
		if _, both := os.LookupEnv(target); both {
			return fmt.Errorf("both %s and %s are set: set one", target, name)
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s names %s, which does not exist", name, path)
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err := os.Setenv(target, strings.TrimRight(string(content), "\r\n")); err != nil {
			return err
		}
	}
	return nil
}

// NewLog returns a logger that writes to w.
func NewLog(w io.Writer, l LogConfig) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.LogLevel)); err != nil {
		level = slog.LevelInfo // not set
	}
	options := &slog.HandlerOptions{Level: level}
	if l.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// KeySource returns the settings of the secret key.
func (s StorageConfig) KeySource() seal.Source {
	return seal.Source{Key: s.SecretKey, Previous: s.PreviousKey, File: s.KeyPath()}
}

// KeyID returns the id of the configured secret key, "" if there is none yet.
func (s StorageConfig) KeyID() (string, error) {
	if s.SecretKey == "" {
		_, keyID, err := seal.ReadKeyFile(s.KeyPath())
		return keyID, err
	}
	ring, err := seal.New(s.SecretKey)
	return ring.ID(), err
}
