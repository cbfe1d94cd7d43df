package account

// PasswordProblem says in a sentence why an account with these keys cannot
// have a password, "" when it can.
func PasswordProblem(password, emailKey, usernameKey string) string {
	return passwordProblem(password, emailKey, usernameKey)
}
