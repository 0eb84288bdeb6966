// SPDX-License-Identifier: Apache-2.0
package unit;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Objects;

/** Runs each promise of the classes that are named; the status is 1 if one is broken. */
public final class Main {
  private Main() {}

  public static void main(String[] classes) throws Exception {
    int broken = 0;
    for (String name : classes) {
      for (Method method : Class.forName(name).getDeclaredMethods()) {
        Promise promise = method.getAnnotation(Promise.class);
        if (promise != null && !keeps(promise.value(), method)) ++broken;
      }
    }
    System.exit(broken == 0 ? 0 : 1);
  }

  private static boolean keeps(String promise, Method method) throws ReflectiveOperationException {
    Object test = method.getDeclaringClass().getConstructor().newInstance();
    try {
      method.setAccessible(true);
      method.invoke(test);
      System.out.println("pass  " + promise);
      return true;
    } catch (InvocationTargetException thrown) {
      System.out.println("FAIL  " + promise);
      thrown.getCause().printStackTrace(System.out);
      return false;
    } finally {
      if (test instanceof AutoCloseable) close((AutoCloseable) test);
    }
  }

  private static void close(AutoCloseable test) {
    try {
      test.close();
    } catch (Exception failed) {
      throw new IllegalStateException(failed);
    }
  }

  public static void equal(Object found, Object expected) {
    if (!Objects.deepEquals(found, expected)) {
      throw new AssertionError(found + ", expected " + expected);
    }
  }

  public static void holds(boolean is, String what) {
    if (!is) throw new AssertionError(what);
  }

  /** What may throw anything. */
  public interface Work {
    void run() throws Exception;
  }

  /** Gives what it throws, which must be of this class. */
  public static <T extends Throwable> T thrown(Class<T> expected, Work work) {
    try {
      work.run();
    } catch (Throwable found) {
      if (expected.isInstance(found)) return expected.cast(found);
      throw new AssertionError("threw " + found + ", expected " + expected.getSimpleName(), found);
    }
    throw new AssertionError("nothing was thrown, expected " + expected.getSimpleName());
  }
}
