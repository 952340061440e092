import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

/** What is known of `.proto` files, for those who ask a server instead of reading them. */
export interface Descriptors {
  /** The services by their full names. */
  readonly services: readonly string[];
  /** The file by this name with all that it imports, as bytes; undefined when there is none. */
  file(name: string): readonly Uint8Array[] | undefined;
  /** The same of the file that defines a message, enum, service, method or extension by its full name. */
  symbol(name: string): readonly Uint8Array[] | undefined;
}

/** Indexes files, which come in no particular order but with everything that they import. */
export function indexDescriptors(files: readonly FileDescriptorProto[]): Descriptors {
  const byName = new Map(files.map((file) => [file.name, file]));
  const bySymbol = new Map(files.flatMap((file) => symbolsOf(file).map((symbol) => [symbol, file] as const)));
  const bytes = new Map(files.map((file) => [file, toBinary(FileDescriptorProtoSchema, file)]));

  const withImports = (file: FileDescriptorProto | undefined): readonly Uint8Array[] | undefined => {
    if (file === undefined) return undefined;
    const found = new Set([file]);
    // A set visits what is added to it meanwhile.
    for (const { dependency } of found) {
      for (const name of dependency) {
        const imported = byName.get(name);
        if (imported !== undefined) found.add(imported);
      }
    }
    return [...found].map((one) => bytes.get(one) ?? new Uint8Array());
  };

  return {
    services: files.flatMap((file) => file.service.map(({ name }) => qualified(file.package, name))),
    file: (name) => withImports(byName.get(name)),
    symbol: (name) => withImports(bySymbol.get(name)),
  };
}

/** The files of a FileDescriptorSet. */
export const filesFrom = (set: Uint8Array): readonly FileDescriptorProto[] =>
  fromBinary(FileDescriptorSetSchema, set).file;

function symbolsOf(file: FileDescriptorProto): string[] {
  const scope = file.package;
  return [
    ...file.messageType.flatMap((message) => symbolsOfMessage(scope, message)),
    ...[...file.enumType, ...file.extension].map(({ name }) => qualified(scope, name)),
    ...file.service.flatMap(({ name, method }) => {
      const service = qualified(scope, name);
      return [service, ...method.map((rpc) => qualified(service, rpc.name))];
    }),
  ];
}

function symbolsOfMessage(scope: string, message: DescriptorProto): string[] {
  const own = qualified(scope, message.name);
  return [
    own,
    ...message.nestedType.flatMap((nested) => symbolsOfMessage(own, nested)),
    ...[...message.enumType, ...message.extension].map(({ name }) => qualified(own, name)),
  ];
}

const qualified = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`);
