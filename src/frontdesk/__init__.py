"""The bookings desk of a dental practice, in the terminal."""
