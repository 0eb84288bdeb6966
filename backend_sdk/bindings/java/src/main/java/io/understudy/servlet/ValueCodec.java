// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InvalidClassException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Values as bytes, by Java serialization. What is read passes two filters: of the JDK, by pattern,
 * and, if there is one, a regular expression that the name of each class must match (arrays by
 * their elements). Immutable; any thread.
 */
public final class ValueCodec {
  /**
   * Bounds, and no class of the JDK or of common libraries that is known as a gadget. Members are
   * authenticated by the cluster's key, so this is the second fence; an application that knows its
   * classes names them: {@code com.shop.**;java.util.*;java.lang.*;!*}.
   */
  public static final String FILTER_DEFAULT =
      "maxdepth=100;maxrefs=1000000;maxarray=8388608;maxbytes=16777216;"
          + "!java.rmi.**;!sun.rmi.**;!javax.management.**;!com.sun.jndi.**;!javax.naming.**;"
          + "!com.sun.rowset.**;!javax.script.**;!javax.swing.**;!java.net.URLClassLoader;"
          + "!java.lang.ProcessBuilder;"
          + "!com.sun.org.apache.xalan.**;!org.apache.xalan.**;!com.sun.org.apache.bcel.**;"
          + "!org.apache.commons.collections.functors.**;"
          + "!org.apache.commons.collections4.functors.**;"
          + "!org.apache.commons.collections.keyvalue.TiedMapEntry;"
          + "!org.apache.commons.collections4.keyvalue.TiedMapEntry;"
          + "!org.apache.commons.collections4.comparators.TransformingComparator;"
          + "!org.apache.commons.beanutils.BeanComparator;!org.apache.commons.fileupload.**;"
          + "!org.codehaus.groovy.runtime.**;!groovy.lang.**;!bsh.**;!org.mozilla.javascript.**;"
          + "!org.springframework.beans.factory.**;"
          + "!org.springframework.core.SerializableTypeWrapper*;"
          + "!org.springframework.aop.**;!org.hibernate.engine.spi.TypedValue;"
          + "!com.mchange.**;!org.jboss.interceptor.**;!org.python.core.**;!clojure.lang.**;"
          + "!net.sf.json.**;!com.vaadin.data.util.**;!org.apache.wicket.util.upload.**";

  private static final Set<Class<?>> IMMUTABLE =
      Set.of(
          String.class, Boolean.class, Character.class, Byte.class, Short.class, Integer.class,
          Long.class, Float.class, Double.class, BigInteger.class, BigDecimal.class, UUID.class);

  private final ObjectInputFilter filter;
  private final Pattern classNames;

  /**
   * @param classNames null: the filter alone decides
   */
  public ValueCodec(String filter, Pattern classNames) {
    this.filter = parse(filter);
    this.classNames = classNames;
  }

  static ObjectInputFilter parse(String filter) {
    return filter == null || filter.isEmpty()
        ? null
        : ObjectInputFilter.Config.createFilter(filter);
  }

  /** Whether no method of it can change it, so that it need not be compared. */
  static boolean isImmutable(Object value) {
    Class<?> type = value.getClass();
    return IMMUTABLE.contains(type) || value instanceof Enum || isOfTime(type);
  }

  private static boolean isOfTime(Class<?> type) {
    return type.getPackageName().equals("java.time");
  }

  /** Whether a value of this class may be set. */
  public boolean isAllowed(Object value) {
    return classNames == null || classNames.matcher(value.getClass().getName()).matches();
  }

  public byte[] encode(Object value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    }
    return bytes.toByteArray();
  }

  public Object decode(byte[] bytes, ClassLoader loader)
      throws IOException, ClassNotFoundException {
    try (ObjectInputStream in = new Reader(new ByteArrayInputStream(bytes), loader)) {
      return in.readObject();
    }
  }

  private final class Reader extends ObjectInputStream {
    private final ClassLoader loader;

    Reader(InputStream in, ClassLoader loader) throws IOException {
      super(in);
      this.loader = loader;
      if (filter != null) setObjectInputFilter(merged(getObjectInputFilter()));
    }

    /** The filter of the whole process, if there is one, is asked first. */
    private ObjectInputFilter merged(ObjectInputFilter ofProcess) {
      return ofProcess == null ? filter : ObjectInputFilter.merge(filter, ofProcess);
    }

    @Override
    protected Class<?> resolveClass(ObjectStreamClass description)
        throws IOException, ClassNotFoundException {
      check(description.getName());
      try {
        return Class.forName(description.getName(), false, loader);
      } catch (ClassNotFoundException primitive) {
        return super.resolveClass(description);
      }
    }

    @Override
    @SuppressWarnings("deprecation") // a stream names a proxy's class, and makes none
    protected Class<?> resolveProxyClass(String[] names)
        throws IOException, ClassNotFoundException {
      Class<?>[] interfaces = new Class<?>[names.length];
      for (int i = 0; i < names.length; ++i) {
        check(names[i]);
        interfaces[i] = Class.forName(names[i], false, loader);
      }
      return Proxy.getProxyClass(loader, interfaces);
    }

    private void check(String name) throws InvalidClassException {
      if (classNames == null) return;
      String element = name.replaceFirst("^\\[+L?", "").replaceFirst(";$", "");
      boolean isPrimitive = name.startsWith("[") && element.length() == 1;
      if (!isPrimitive && !classNames.matcher(element).matches()) {
        throw new InvalidClassException(name, "its name does not match the class name filter");
      }
    }
  }
}
