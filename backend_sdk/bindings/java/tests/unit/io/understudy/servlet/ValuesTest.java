// SPDX-License-Identifier: Apache-2.0
package io.understudy.servlet;

import static unit.Main.equal;
import static unit.Main.holds;
import static unit.Main.thrown;

import io.understudy.Session;
import java.io.IOException;
import java.io.InvalidClassException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.management.BadAttributeValueExpException;
import unit.Alone;
import unit.Promise;

/** Values as bytes, and what of a session is sent. */
public final class ValuesTest implements AutoCloseable {
  private final Alone alone = new Alone();
  private final Settings settings = new Settings();

  public ValuesTest() throws IOException {}

  @Override
  public void close() throws IOException {
    alone.close();
  }

  /** Runs `work` on the session's values; gives whether anything was sent. */
  private boolean request(Work work) throws Exception {
    Session session = alone.begin();
    SessionValues values = values(session);
    work.run(values);
    boolean isChanged = values.flush(false);
    alone.finish(session);
    return isChanged;
  }

  private SessionValues values(Session session) {
    return new SessionValues(
        session, settings, settings.codec(), ValuesTest.class.getClassLoader(), () -> null);
  }

  private interface Work {
    void run(SessionValues values) throws Exception;
  }

  private static List<String> list(String... items) {
    return new ArrayList<>(Arrays.asList(items));
  }

  @Promise("only what changed is sent: set, removed, or read and then changed")
  void onlyChanges() throws Exception {
    holds(request(values -> values.put("list", list("a"))), "a new value is sent");
    holds(!request(values -> values.get("list")), "a value that was read is not");
    holds(!request(values -> values.put("list", list("a"))), "nor the same value again");
    holds(!request(SessionValues::names), "nor names");
    holds(request(values -> add(values, "b")), "a value that was read and changed is");
    equal(values(alone.begin()).get("list"), list("a", "b"));
    holds(request(values -> values.remove("list")), "a removed value is");
    holds(!request(values -> values.remove("list")), "one that was not there is not");
  }

  @SuppressWarnings("unchecked")
  private static void add(SessionValues values, String item) {
    ((List<String>) values.get("list")).add(item);
  }

  @Promise("compareReadAttributes false: what was read and changed is not sent")
  void noComparison() throws Exception {
    request(values -> values.put("list", list("a")));
    settings.setComparesRead(false);
    holds(!request(values -> add(values, "b")), "it was sent");
    equal(values(alone.begin()).get("list"), list("a"));
  }

  @Promise("names beyond the name filter live as long as the request")
  void nameFilter() throws Exception {
    settings.setNames("kept.*");
    request(
        values -> {
          values.put("kept", "1");
          values.put("other", new Object());
          equal(values.names(), List.of("kept", "other"));
        });
    equal(values(alone.begin()).names(), List.of("kept"));
  }

  @Promise("the application's names do not begin with ours")
  void reservedNames() throws Exception {
    SessionValues values = values(alone.begin());
    thrown(IllegalArgumentException.class, () -> values.put("io.understudy.session", "x"));
  }

  @Promise("after the commit values are read, and changed no more")
  void readOnly() throws Exception {
    request(values -> values.put("a", "1"));
    Session session = alone.begin();
    SessionValues values = values(session);
    values.load();
    values.flush(true);
    values.seal();
    alone.finish(session);
    equal(values.get("a"), "1");
    equal(values.get("b"), null);
    thrown(IllegalStateException.class, () -> values.put("a", "2"));
  }

  @Promise("bytes that cannot be read are an error, and can be replaced")
  void unreadable() throws Exception {
    Session session = alone.begin();
    session.set("a", new byte[] {1, 2, 3});
    alone.finish(session);
    SessionValues values = values(alone.begin());
    holds(
        thrown(IllegalStateException.class, () -> values.get("a")).getMessage().contains("'a'"),
        "the message names it");
    equal(values.put("a", "new"), null);
    equal(values.get("a"), "new");
  }

  @Promise("a class that the filters refuse is not read")
  void filters() throws Exception {
    ClassLoader loader = ValuesTest.class.getClassLoader();
    ValueCodec codec = settings.codec();
    byte[] gadget = codec.encode(new BadAttributeValueExpException("x"));
    thrown(InvalidClassException.class, () -> codec.decode(gadget, loader));
    byte[] list = codec.encode(list("a"));
    equal(codec.decode(list, loader), list("a"));
    thrown(
        InvalidClassException.class,
        () -> new ValueCodec("java.lang.*;!*", null).decode(list, loader));
    Pattern names = Pattern.compile("java[.]util[.].*|java[.]lang[.]String");
    ValueCodec named = new ValueCodec("", names);
    equal(named.decode(list, loader), list("a"));
    holds(named.isAllowed(list("a")) && !named.isAllowed(1L), "values are judged by their class");
    byte[] number = codec.encode(new TreeMap<>(java.util.Map.of("a", 1L)));
    thrown(InvalidClassException.class, () -> named.decode(number, loader));
    byte[] arrays = codec.encode(new Object[][] {{"x"}, {new int[2]}});
    thrown(InvalidClassException.class, () -> named.decode(arrays, loader));
    String[][] texts = {{"x"}};
    equal(named.decode(codec.encode(texts), loader), texts);
  }

  @Promise("comparators of the JDK's lambdas are read")
  void lambdas() throws Exception {
    TreeMap<String, Integer> map =
        new TreeMap<>(Comparator.<String>naturalOrder().reversed());
    map.put("a", 1);
    ValueCodec codec = settings.codec();
    equal(codec.decode(codec.encode(map), ValuesTest.class.getClassLoader()), map);
  }
}
