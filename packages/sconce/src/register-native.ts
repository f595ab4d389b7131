/** Makes the native backend known where its package is installed; resolves to whether it is. */
export async function registerNative(): Promise<boolean> {
  try {
    await import("@sconce/backend-native/register");
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND") return false;
    throw error;
  }
}
