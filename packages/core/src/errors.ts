/** The errors Sconce raises: each names the op or call, what was given, what was expected, and the fix. */

/** Any error raised by Sconce itself. */
export class SconceError extends Error {
  override name = "SconceError";
}

/** Shapes that an op cannot combine. */
export class ShapeError extends SconceError {
  override name = "ShapeError";
}

/** A dtype that an op, or a backend, cannot work with. */
export class DTypeError extends SconceError {
  override name = "DTypeError";
}

/** A value or option outside its documented range. */
export class ArgumentError extends SconceError {
  override name = "ArgumentError";
}

/** Code inside `compile` that a captured program could not replay faithfully. */
export class CaptureError extends SconceError {
  override name = "CaptureError";
}

/** A backend that is unknown, did not open, or cannot do what was asked. */
export class BackendError extends SconceError {
  override name = "BackendError";
}
