"""Stage landing: delivered files become typed bronze rows, refused rows, and a line in the load log."""
